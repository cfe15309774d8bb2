"""Throughput and latency, and how they were measured."""

from rich.console import Group, RenderableType
from rich.text import Text

from workers.dev.demo.report import Report, Throughput, Visibility

INDENT = " " * 13


def speed(report: Report) -> RenderableType:
    """Return throughput and latency, each with an explanation."""
    lines = [Text("Speed", "bold"), *_throughput(report.throughput, report.cores)]
    if report.visibility is not None:
        lines += _visibility(report.visibility)
    return Group(*lines)


def _throughput(throughput: Throughput, cores: int) -> list[Text]:
    figure = Text.assemble(
        " throughput  ",
        (f"{throughput.per_second:,.0f} records/s", "bold green"),
        (f"   all servers, producer and worker on {cores} cores", "dim"),
    )
    how = f"{throughput.records:,} in {throughput.seconds:.1f} s, from the first one sent to the last one in Neo4j"
    return [figure, Text(INDENT + how, "dim")]


def _visibility(seen: Visibility) -> list[Text]:
    figures = Text.assemble(
        " visible in  ",
        (f"p50 {seen.p50_ms:.0f} ms", "bold green"),
        f"   p90 {seen.p90_ms:.0f} ms   ",
        (f"p99 {seen.p99_ms:.0f} ms", "bold green"),
        f"   slowest {seen.max_ms:.0f} ms",
    )
    how = f"{seen.records:,} at {seen.rate:.0f}/s, each from produce() until a query sees it in Neo4j"
    error = f"asked every {seen.poll_ms:.0f} ms, so up to that much too long"
    return [figures, Text(INDENT + how, "dim"), Text(INDENT + error, "dim")]
