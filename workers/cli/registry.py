"""``memory-graph registry``: decisions about versions of schemas, and about deleted models."""

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.cli.selection_options import AsOption, MaybeWhyOption, act

if TYPE_CHECKING:
    from workers.config.settings import Settings
    from workers.ops.model_purge import Due
    from workers.ops.schema_approval.listed import Listed
    from workers.pipelines.evolution.events import Decided
    from workers.pipelines.evolution.identity import Subject

SchemaArgument = Annotated[str, typer.Argument(metavar="SCHEMA", help="The schema_id.")]
VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="The version to migrate to.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason; it is stored in the graph.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who decides; default: this system's user. It is stored.")]

app = typer.Typer(help="Decide about versions of schemas, and about deleted models.", no_args_is_help=True)


@app.callback()
def registry() -> None:
    """Decide about versions of schemas, and about deleted models."""


@app.command()
def purge(
    execute: Annotated[bool, typer.Option("--execute", help="Remove them; without it, nothing is changed.")] = False,
    why: MaybeWhyOption = None,
    by: AsOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Remove deleted models whose grace has passed and that nothing in the graph uses; show what is kept, and why.

    Example: memory-graph registry purge --execute
    """
    due, purged = asyncio.run(_purge(why, by, execute=execute))
    if output is Output.JSON:
        print_json({"executed": execute, "due": [asdict(model) for model in due], "purged": purged})
    elif not due:
        print("nothing to do: no deleted model's grace has passed")
    else:
        rows = [_row(model, purged, execute=execute) for model in due]
        print_rows(rows, ["model", "deleted", "used by", "what"], title="Done" if execute else "Would be done")
        if not execute:
            print("Nothing was changed; add --execute to do it.")


@app.command()
def resnapshot(  # noqa: PLR0913, PLR0917 - one parameter for each option
    table: Annotated[list[str] | None, typer.Option("--table", help="Only this table; can be repeated.")] = None,
    why: Annotated[str | None, typer.Option("--why", help="The reason; it is kept in debezium_signals.")] = None,
    by: ByOption = None,
    deletions: Annotated[
        bool, typer.Option("--deletions", help="Also send deletions of rows that only the graph has.")
    ] = False,
    execute: Annotated[bool, typer.Option("--execute", help="Ask for it; without it, nothing is changed.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Have the registry's rows sent again, for a new or emptied graph: the topic has only changes of its retention.

    The rows come as changes into registry-changes. What the graph has already stays as it is, but with --deletions.
    These are for a database that has lost a part of its log: a replica took over, or the slot was dropped.

    Example: memory-graph registry resnapshot --execute --why "the graph was emptied"
    """
    rows, lost, signal_id = _resnapshot(table or [], why, by, deletions=deletions, execute=execute)
    if output is Output.JSON:
        print_json({"executed": execute, "rows": rows, "deletions": lost, "signal_id": signal_id})
        return
    print_rows([{"table": name, "rows": count} for name, count in rows.items()], ["table", "rows"])
    if deletions:
        print_rows(lost, ["table", "row"], title="Sent" if execute else "Would be deleted: only the graph has them")
    if execute:
        print(f"The connector sends them: signal {signal_id}. The registry worker's lag says how far the graph is.")
    else:
        print('Nothing was asked for; add --execute --why "..." to do it.')


def _resnapshot(
    tables: list[str], why: str | None, by: str | None, *, deletions: bool, execute: bool
) -> tuple[dict[str, int], list[dict[str, str]], str | None]:
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from workers.config.settings import Settings  # noqa: PLC0415 - keeps --help fast
    from workers.config.user import user_name  # noqa: PLC0415 - same reason as above
    from workers.core.errors import Misconfigured  # noqa: PLC0415 - same reason as above
    from workers.ops.resnapshot import planned, resnapshot  # noqa: PLC0415 - same reason as above

    if execute and not (why or "").strip():
        raise Misconfigured('--execute needs --why "...": it is kept with the signal')
    settings = Settings.from_environment()
    with Console(stderr=True).status("asking the registry's database"):
        rows = planned(settings.registry_database, tables)
        about = {"by": by or user_name("--by"), "why": (why or "").strip()} if execute else None
        signal_id = resnapshot(settings.registry_database, list(rows), about["by"], about["why"]) if about else None
        lost = asyncio.run(_deletions(settings, list(rows), about)) if deletions else []
        return rows, lost, signal_id


async def _deletions(settings: "Settings", tables: list[str], about: dict[str, str] | None) -> list[dict[str, str]]:
    """Return the deletions that the graph lacks; send them if ``about`` says who does it, and why."""
    from workers.ops.lost_deletions import lost_deletions, send  # noqa: PLC0415 - keeps --help fast
    from workers.pipelines.fleet import load_topology  # noqa: PLC0415 - same reason as above
    from workers.pipelines.registry.deletions import table_of  # noqa: PLC0415 - same reason as above

    lost = await lost_deletions(settings, tables)
    if about and lost.rows:
        await send(settings, load_topology(settings.topology_path), lost, about)
    return [{"table": table_of(row), "row": " ".join(row)} for row in lost.rows]


def _row(model: "Due", purged: list[str], *, execute: bool) -> dict[str, str]:
    goes = model.model_id in purged if execute else not model.used_by
    used_by = ", ".join(f"{count:,} {label}" for label, count in model.used_by)
    return {
        "model": model.model_id,
        "deleted": model.deleted_at,
        "used by": used_by,
        "what": "purge" if goes else "keep",
    }


async def _purge(why: str | None, by: str | None, *, execute: bool) -> "tuple[list[Due], list[str]]":
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from workers.adapters.graph.connection import GraphConnection  # noqa: PLC0415 - same reason as above
    from workers.config.settings import Settings  # noqa: PLC0415 - keeps --help fast
    from workers.ops.model_purge import models_due, purge_models  # noqa: PLC0415 - same reason as above

    with Console(stderr=True).status("looking at deleted models"):
        async with GraphConnection(Settings.from_environment().neo4j) as graph:
            due = await models_due(graph)
            if not execute:
                return due, []
            async with act("models.purged", why, by) as done:
                purged = await purge_models(graph, due)
                done["models"] = ", ".join(purged)
                return due, purged


@app.command("list")
def list_migrations(
    schema: Annotated[str | None, typer.Option("--schema", help="Only this schema_id.")] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """List schema migrations: what waits for approval, what runs, what was decided, by whom and why.

    Example: memory-graph registry list -o json
    """
    migrations = asyncio.run(_listed(schema, None))
    if output is Output.JSON:
        print_json([migration._asdict() for migration in migrations])
    elif not migrations:
        print("there are no migrations of schemas")
    else:
        columns = ["schema_id", "version", "from_version", "change_class", "state", "why", "decided_by", "decided_why"]
        if any(migration.refused_why for migration in migrations):
            columns += ["refused_why", "confirm_at"]
        print_rows([migration._asdict() for migration in migrations], columns)


@app.command()
def approve(
    schema: SchemaArgument,
    version: VersionArgument,
    why: WhyOption,
    by: ByOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Approve a breaking change, or end the wait of a forward change; the worker migrates at once.

    Example: memory-graph registry approve tool-calling 2.0.0 --why "every caller is on the new client"
    """
    _decide(schema, version, output, approved=True, by=by, why=why)


@app.command()
def reject(
    schema: SchemaArgument,
    version: VersionArgument,
    why: WhyOption,
    by: ByOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Reject a version that waits: the version before it stays current, and the next version is tried.

    Example: memory-graph registry reject tool-calling 2.0.0 --why "it drops a field that is in use"
    """
    _decide(schema, version, output, approved=False, by=by, why=why)


def _decide(schema: str, version: str, output: Output, *, approved: bool, by: str | None, why: str) -> None:  # noqa: PLR0913 - one parameter for each option
    from workers.ops.schema_approval.decision import decision  # noqa: PLC0415 - keeps --help fast

    decided = decision(approved=approved, by=by, why=why)
    subject = asyncio.run(_put(schema, version, decided))
    if output is Output.JSON:
        print_json({**subject._asdict(), **decided._asdict()})
    else:
        print(f"{schema} {version} is {'approved' if approved else 'rejected'} by {decided.by}")


async def _put(schema: str, version: str, decided: "Decided") -> "Subject":
    from workers.config.settings import Settings  # noqa: PLC0415 - keeps --help fast
    from workers.ops.schema_approval.decision import waiting  # noqa: PLC0415 - keeps --help fast
    from workers.ops.schema_approval.log import put  # noqa: PLC0415 - same reason as above
    from workers.pipelines.fleet import load_topology  # noqa: PLC0415 - keeps --help fast

    settings = Settings.from_environment()
    topology = load_topology(settings.topology_path)
    subject = waiting(await _listed(schema, version), schema, version)
    await put(settings, topology, subject, decided)
    return subject


async def _listed(schema: str | None, version: str | None) -> "list[Listed]":
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from workers.config.settings import Settings  # noqa: PLC0415 - keeps --help fast
    from workers.ops.schema_approval.listed import listed  # noqa: PLC0415 - same reason as above

    with Console(stderr=True).status("looking at migrations of schemas"):
        return await listed(Settings.from_environment().neo4j, schema, version)
