"""The parts around the report: result of the checks, differences, next steps."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from workers.dev.demo.report import Report


def headline(report: Report) -> RenderableType:
    """Return the title with the result of the checks."""
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


def problems(found: Sequence[str]) -> RenderableType:
    """Return one line for each problem."""
    return Group(Text("Differences", "bold red"), *(Text(f" ✗ {problem}") for problem in found))


def closing(report: Report, program: str) -> RenderableType:
    """Return addresses and commands; for the password, only the command that prints it."""
    env = f"{program} stack env --name {report.name}"
    table = Table(
        title="What next", title_style="bold", title_justify="left", box=None, show_header=False, padding=(0, 1)
    )
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    if report.browser:
        table.add_row("look around", Text.assemble("Neo4j Browser at ", (report.browser, "bold underline cyan")))
        table.add_row("", Text.assemble(("user and password: ", "dim"), (env, "cyan")))
    if report.prometheus:
        table.add_row("see metrics", Text.assemble("Prometheus at ", (report.prometheus, "bold underline cyan")))
    if report.trace:
        draw = f'MATCH path = (:Invocation {{trace_id: "{report.trace.trace_id}"}})--() RETURN path'
        table.add_row("see that trace", Text(draw, "cyan"))
    table.add_row("use the stack", Text(f'eval "$({env})"', "cyan"))
    table.add_row("keep it live", Text(f"{program} fleet", "cyan"))
    table.add_row("with records", Text(f"{program} sample telemetry --rate 50", "cyan"))
    table.add_row("your own calls", Text(f"{program} demo --name {report.name} --from calls.csv", "cyan"))
    table.add_row("stop it", Text(f"{program} stack down --name {report.name}", "cyan"))
    return table
