"""``memory-graph graph``: prepare the graph."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.backup.commands import add_to as add_backup
from workers.cli.graph_rebuild import add_to as add_rebuild
from workers.cli.graph_verify import add_to as add_verify
from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.cli.selection_options import AsOption, MaybeWhyOption, act

if TYPE_CHECKING:
    from workers.adapters.graph.migration import Migration
    from workers.ops.reprice.pages import Window

app = typer.Typer(
    help="Prepare the graph, compare it with the topics, rebuild it, back it up, and price its calls again.",
    no_args_is_help=True,
)


@app.callback()
def graph() -> None:
    """Prepare the graph, compare it with the topics, rebuild it, back it up, and price its calls again."""


@app.command()
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be applied, and apply nothing.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create the constraints and indexes that are missing; it can be repeated.

    Example: memory-graph graph migrate --dry-run
    """
    migrations = asyncio.run(_migrate(dry_run=dry_run))
    names = [str(migration) for migration in migrations]
    if output is Output.JSON:
        print_json({"pending" if dry_run else "applied": names})
    elif names:
        print("\n".join(f"{'pending' if dry_run else 'applied'} {name}" for name in names))
    else:
        print("nothing to do: every migration has been applied")


async def _migrate(*, dry_run: bool) -> "list[Migration]":
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from workers.adapters.graph.driver import check_connection, explained, open_driver  # noqa: PLC0415 - same reason as above
    from workers.adapters.graph.migrate import migrate, pending_migrations  # noqa: PLC0415 - same reason as above
    from workers.config.settings import Settings  # noqa: PLC0415 - keeps --help fast

    settings = Settings.from_environment().neo4j
    async with open_driver(settings) as driver:
        await check_connection(driver, settings)
        with explained(settings), Console(stderr=True).status("migrating the graph"):
            return await (pending_migrations if dry_run else migrate)(driver, settings.database)


def instant(text: str) -> datetime:
    """Return the point in time of an ISO 8601 text; UTC if it has no offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time: write it like 2026-01-31T18:00:00Z") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@app.command()
def reprice(  # noqa: PLR0913, PLR0917 - one parameter for each option
    since: Annotated[datetime, typer.Option(parser=instant, metavar="ISO", help="First timestamp to reprice.")],
    until: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="ISO", help="First timestamp not to reprice.")
    ] = None,
    execute: Annotated[bool, typer.Option("--execute", help="Write the changes; without it, only show them.")] = False,
    why: MaybeWhyOption = None,
    by: AsOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Price older invocations again by the registry's current history; show what that changes.

    Safe to repeat and beside running workers: an invocation that changes meanwhile is left as it is, and counted.

    Example: memory-graph graph reprice --since 2026-01-31 --until 2026-02-01T12:00:00Z --execute
    """
    from workers.ops.reprice.pages import Window  # noqa: PLC0415 - keeps --help fast

    window = Window(_millis(since), None if until is None else _millis(until))
    show = _show_difference if output is Output.TEXT else None
    difference, written = asyncio.run(_reprice(window, show, why, by, write=execute))
    if output is Output.JSON:
        print_json({"difference": difference, "written": written})
    elif written is None:
        print("nothing was written; --execute does it" if difference["total"]["differing"] else "nothing to do")
    else:
        print(f"{written['written']:,} repriced, {written['changed_meanwhile']:,} left, as they changed meanwhile")


async def _reprice(
    window: "Window", show: "Callable[[dict[str, Any]], None] | None", why: str | None, by: str | None, *, write: bool
) -> "tuple[dict[str, Any], dict[str, int] | None]":
    from dataclasses import asdict  # noqa: PLC0415 - keeps --help fast

    from workers.adapters.graph.connection import GraphConnection  # noqa: PLC0415 - same reason as above
    from workers.config.settings import Settings  # noqa: PLC0415 - keeps --help fast
    from workers.ops.reprice.run import compare, execute, price_book  # noqa: PLC0415 - same reason as above

    async with GraphConnection(Settings.from_environment().neo4j) as graph:
        book = await price_book(graph)
        with progress("comparing") as show_state:
            difference = asdict(await compare(graph, book, window, show_state))
        if show is not None:
            show(difference)
        if not write:
            return difference, None
        async with act("graph.repriced", why, by) as done:
            with progress("repricing") as show_state:
                written = asdict(await execute(graph, book, window, show_state))
            done.update(written, since=window.since, until=window.until)
            return difference, written


def _show_difference(difference: "dict[str, Any]") -> None:
    models = {name: sums for name, sums in sorted(difference["by_model"].items()) if sums["differing"]}
    rows = [
        {"model": name, **sums}
        for name, sums in (models | {"all, unchanged ones included": difference["total"]}).items()
    ]
    print_rows(rows, ["model", "invocations", "differing", "usd_before", "usd_after"])


def _millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)


LINE_EVERY_SECONDS = 5.0


@contextmanager
def progress(activity: str) -> Iterator[Callable[[str], None]]:
    """Yield a function that prints the current state on standard error."""
    from rich.console import Console  # noqa: PLC0415 - loaded when used, so that --help stays fast

    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(activity) as status:
            yield status.update
        return
    due = monotonic() + LINE_EVERY_SECONDS

    def line(state: str) -> None:
        nonlocal due
        if monotonic() >= due:
            due = monotonic() + LINE_EVERY_SECONDS
            console.print(state)

    yield line


add_verify(app, progress)
add_rebuild(app, progress)
add_backup(app)
