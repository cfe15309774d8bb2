"""How fast it was, and how that was measured."""

from rich.console import Group, RenderableType
from rich.text import Text

from workers.demo.report import Report, Throughput, Visibility


def speed(report: Report) -> RenderableType:
    """Give throughput and latency, each with what it means."""
    lines = [Text("Speed", "bold"), _throughput(report.throughput, report.cores)]
    if report.visibility is not None:
        lines += _visibility(report.visibility)
    return Group(*lines)


def _throughput(throughput: Throughput, cores: int) -> Text:
    figure = f"{throughput.per_second:,.0f} records/s"
    how = (
        f"   {throughput.records:,} in {throughput.seconds:.1f} s, from the first one sent to the last one in Neo4j"
        f" ({cores} cores for all)"
    )
    return Text.assemble(" throughput  ", (figure, "bold green"), (how, "dim"))


def _visibility(seen: Visibility) -> list[Text]:
    figures = Text.assemble(
        " visible in  ",
        (f"p50 {seen.p50_ms:.0f} ms", "bold green"),
        f"   p90 {seen.p90_ms:.0f} ms   ",
        (f"p99 {seen.p99_ms:.0f} ms", "bold green"),
        f"   slowest {seen.max_ms:.0f} ms",
    )
    how = (
        f"             for {seen.records:,} records at {seen.rate:.0f}/s, each from produce() until a query sees it in "
        f"Neo4j (one asks every {seen.poll_ms:.0f} ms)"
    )
    return [figures, Text(how, "dim")]
