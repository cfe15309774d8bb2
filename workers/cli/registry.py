"""``memory-graph registry``: what the model registry's deletions leave to be decided."""

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.output import Output, OutputOption, print_json, print_rows

if TYPE_CHECKING:
    from workers.graph.purge import Due

app = typer.Typer(help="Models that the registry has deleted.", no_args_is_help=True)


@app.callback()
def registry() -> None:
    """Models that the registry has deleted."""


@app.command()
def purge(
    execute: Annotated[bool, typer.Option("--execute", help="Remove them; without it, nothing is changed.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Remove deleted models whose grace has passed and that nothing in the graph uses; show what is kept, and why.

    Example: memory-graph registry purge --execute
    """
    due, purged = asyncio.run(_purge(execute=execute))
    if output is Output.JSON:
        print_json({"executed": execute, "due": [asdict(model) for model in due], "purged": purged})
    elif not due:
        print("nothing to do: no deleted model's grace has passed")
    else:
        rows = [_row(model, purged, execute=execute) for model in due]
        print_rows(rows, ["model", "deleted", "used by", "what"], title="Done" if execute else "Would be done")
        if not execute:
            print("Nothing was changed; add --execute to do it.")


def _row(model: "Due", purged: list[str], *, execute: bool) -> dict[str, str]:
    goes = model.model_id in purged if execute else not model.used_by
    used_by = ", ".join(f"{count:,} {label}" for label, count in model.used_by)
    return {
        "model": model.model_id,
        "deleted": model.deleted_at,
        "used by": used_by,
        "what": "purge" if goes else "keep",
    }


async def _purge(*, execute: bool) -> "tuple[list[Due], list[str]]":
    from rich.console import Console  # noqa: PLC0415 - loaded when run, so that --help stays fast

    from workers.config.settings import Settings  # noqa: PLC0415 - likewise
    from workers.graph.driver import check_connection, explained, open_driver  # noqa: PLC0415 - likewise
    from workers.graph.purge import models_due, purge_models  # noqa: PLC0415 - likewise

    settings = Settings.from_environment().neo4j
    async with open_driver(settings) as driver:
        await check_connection(driver, settings)
        with explained(settings), Console(stderr=True).status("looking at deleted models"):
            due = await models_due(driver, settings.database)
            return due, await purge_models(driver, settings.database, due) if execute else []
