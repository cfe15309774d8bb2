"""``memory-graph audit search`` and ``audit proof``: what the chain has, and what proves one record of it."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.audit.options import PublicKeyOption, millis
from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.cli.selection_options import AsOption, SinceOption, UntilOption, configuration

if TYPE_CHECKING:
    from pathlib import Path

    from workers.ops.audit.search import Search
    from workers.ops.dead_letters.journal import Who

COLUMNS = [
    "timestamp",
    "user_id",
    "action",
    "content_id",
    "classification",
    "access_granted",
    "access_reason",
    "source",
]


def _actions() -> list[str]:
    from workers.ops.audit.search import OF_CONTENT  # noqa: PLC0415 - keeps --help fast
    from workers.pipelines.audit.event_types import EVENT_TYPES  # noqa: PLC0415 - same reason as above

    return [each.removeprefix(OF_CONTENT) for each in EVENT_TYPES]


def _classifications() -> list[str]:
    from workers.pipelines.audit.event_types import CLASSIFICATIONS  # noqa: PLC0415 - keeps --help fast

    return list(CLASSIFICATIONS)


def search(  # noqa: PLR0913, PLR0917 - one parameter for each option
    why: Annotated[str, typer.Option("--why", help="The reason of the search; it is kept as an audit event.")],
    since: SinceOption = None,
    until: UntilOption = None,
    user: Annotated[str | None, typer.Option("--user", help="The user_id.")] = None,
    action: Annotated[
        list[str] | None,
        typer.Option("--action", help="Such as read, write, delete; repeatable.", autocompletion=_actions),
    ] = None,
    classification: Annotated[
        list[str] | None,
        typer.Option("--classification", help="Of the content; repeatable.", autocompletion=_classifications),
    ] = None,
    page: Annotated[int, typer.Option("--page", min=1, help="Which page, from 1.")] = 1,
    page_size: Annotated[int, typer.Option("--page-size", min=1, max=10_000, help="Entries of a page.")] = 100,
    by: AsOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Search the audit events, the newest first. The search itself becomes an audit event, with its reason.

    Example: memory-graph audit search --user user-123 --action read --since 7d --why "compliance review"
    """
    from workers.ops.audit.search import Search, classifications, event_types  # noqa: PLC0415 - keeps --help fast
    from workers.ops.dead_letters.journal import who_does_it  # noqa: PLC0415 - same reason as above

    who = who_does_it(by, why)
    what = Search(
        millis("--since", since),
        millis("--until", until),
        user,
        event_types(action or ()),
        classifications(classification or ()),
        page,
        page_size,
    )
    found = asyncio.run(_search(who, what))
    if output is Output.JSON:
        print_json(found)
        return
    title = f"{found['total_count']:,} audit events, page {page}"
    print_rows(found["audit_entries"], COLUMNS, title=title)
    sources = found["sources"]
    if sources["objects"]:
        print(
            f"{sources['graph']:,} from the graph, {sources['archive']:,} from {sources['objects']:,} archived objects"
        )


async def _search(who: "Who", what: "Search") -> dict[str, Any]:
    from workers.adapters.graph.connection import GraphConnection  # noqa: PLC0415 - keeps --help fast
    from workers.ops.audit.search import ArchiveOf, search  # noqa: PLC0415 - same reason as above
    from workers.ops.audit.tasks import audit_options  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.audit import audit_trail  # noqa: PLC0415 - same reason as above

    settings, topology = configuration()
    async with GraphConnection(settings.neo4j) as graph, audit_trail(settings, topology) as trail:
        options = audit_options(topology)
        return await search(graph, trail, who, what, ArchiveOf(options.archive.store, options.topic))


def proof(
    audit_id: Annotated[str, typer.Argument(metavar="ID", help="The audit_id.")],
    public_key: PublicKeyOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print what proves one record to an auditor who has neither the graph nor the topic.

    It has the record, the events after it up to the next checkpoint, and that checkpoint with its signature and public
    key. ``-o json`` is the document to hand over; workers/pipelines/audit/README.md has ten lines that check it.

    Example: memory-graph audit proof audit-uuid-1 -o json
    """
    document = asyncio.run(_proof(audit_id, public_key))
    if output is Output.JSON:
        print_json(document)
        return
    for name in ("topic", "partition", "chain_id", "sequence", "prev_hash", "canonical", "hash"):
        print(f"{name}: {document[name]}")
    print(f"events after it up to the checkpoint: {len(document['following']):,}")
    print(f"checkpoint: {document['checkpoint']}")
    print(f"signature: {document['signature'] or 'none: an unsigned checkpoint proves nothing'}")
    print("-o json prints all of it, for the auditor.")


async def _proof(audit_id: str, public_key: "Path | None") -> dict[str, Any]:
    from workers.adapters.graph.connection import GraphConnection  # noqa: PLC0415 - keeps --help fast
    from workers.ops.audit.archive.events import ArchivedSource  # noqa: PLC0415 - same reason as above
    from workers.ops.audit.checkpoint_log import Log  # noqa: PLC0415 - same reason as above
    from workers.ops.audit.graph.events import GraphSource  # noqa: PLC0415 - same reason as above
    from workers.ops.audit.proof import place_of, proof_of  # noqa: PLC0415 - same reason as above
    from workers.ops.audit.search import ArchiveOf  # noqa: PLC0415 - same reason as above
    from workers.ops.audit.tasks import audit_options, checkpoints  # noqa: PLC0415 - same reason as above

    settings, topology = configuration()
    async with GraphConnection(settings.neo4j) as graph:
        options = audit_options(topology)
        archive = ArchiveOf(options.archive.store, options.topic)
        source = ArchivedSource(archive.store, GraphSource(graph))
        chain, sequence = await place_of(graph, audit_id, source, archive)
        logs = await asyncio.to_thread(checkpoints, settings, topology, public_key)
        return await proof_of(source, chain, sequence, logs.get(chain, Log()))
