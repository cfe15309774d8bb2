"""``memory-graph graph``: prepare the graph."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.output import Output, OutputOption, print_json

if TYPE_CHECKING:
    from workers.graph.migration import Migration

app = typer.Typer(help="Prepare the graph.", no_args_is_help=True)


@app.callback()
def graph() -> None:
    """Prepare the graph."""


@app.command()
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be applied, and apply nothing.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create the constraints and indexes that are missing; safe to repeat.

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
    from rich.console import Console  # noqa: PLC0415 - loaded when run, so that --help stays fast

    from workers.config.settings import Settings  # noqa: PLC0415 - likewise
    from workers.graph.driver import check_connection, explained, open_driver  # noqa: PLC0415 - likewise
    from workers.graph.migrate import migrate, pending_migrations  # noqa: PLC0415 - likewise

    settings = Settings.from_environment().neo4j
    async with open_driver(settings) as driver:
        await check_connection(driver, settings)
        with explained(settings), Console(stderr=True).status("migrating the graph"):
            return await (pending_migrations if dry_run else migrate)(driver, settings.database)
