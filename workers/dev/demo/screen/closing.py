"""Where to look, and what to do next."""

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from workers.dev.demo.report import Report


def closing(report: Report, program: str) -> RenderableType:
    """Return addresses and commands; the password only by the command that prints it."""
    env = f"{program} stack env --name {report.name}"
    table = Table(
        title="What next", title_style="bold", title_justify="left", box=None, show_header=False, padding=(0, 1)
    )
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    if report.browser:
        table.add_row("look around", Text.assemble("Neo4j Browser at ", (report.browser, "bold underline cyan")))
        table.add_row("", Text.assemble(("user and password: ", "dim"), (env, "cyan")))
    if report.trace:
        draw = f'MATCH path = (:Invocation {{trace_id: "{report.trace.trace_id}"}})--() RETURN path'
        table.add_row("see that trace", Text(draw, "cyan"))
    table.add_row("use the stack", Text(f'eval "$({env})"', "cyan"))
    table.add_row("keep it live", Text(f"{program} fleet", "cyan"))
    table.add_row("with records", Text(f"{program} sample telemetry --rate 50", "cyan"))
    table.add_row("your own calls", Text(f"{program} demo --name {report.name} --from calls.csv", "cyan"))
    table.add_row("stop it", Text(f"{program} stack down --name {report.name}", "cyan"))
    return table
