"""What it is, and whether all is well."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from workers.dev.demo.report import Report


def headline(report: Report) -> RenderableType:
    """Return the title with the verdict of the run."""
    produced = report.produced
    lines = [
        Text.assemble(
            (f"{report.source}", "bold"),
            f" became {produced['records']:,} Kafka records, and this graph.",
        )
    ]
    if report.problems:
        lines.append(
            Text(f"✗ {len(report.problems)} of {len(report.checks)} checks found a difference, see below", "bold red")
        )
    else:
        lines.append(
            Text.assemble(
                ("✓ ", "bold green"),
                f"each call is exactly one Invocation: {produced['invocations']:,} in {produced['traces']:,} traces; "
                f"all {len(report.checks)} checks of the graph against what was sent agree",
            )
        )
    if report.seen_before:
        lines.append(Text("↻ the graph knew these records already, and sending them again changed nothing", "yellow"))
    return Panel(Group(*lines), title="[bold]Memory-Graph[/]", title_align="left", border_style="cyan", padding=(0, 1))
