"""``memory-graph audit expire``: old events leave the graph, once the archive holds them."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.cli.selection_options import AsOption, configuration

if TYPE_CHECKING:
    from workers.ops.audit.expire import Due


def expire(
    why: Annotated[str | None, typer.Option("--why", help="The reason; it is kept as an audit event.")] = None,
    by: AsOption = None,
    execute: Annotated[bool, typer.Option("--execute", help="Remove them; without it, nothing is changed.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Remove events from the graph that are older than hot_days, once their objects of the archive are verified.

    The worker does this by itself every minute. What is removed stays in the archive, and audit search finds it there.

    Example: memory-graph audit expire --execute --why "the disk is nearly full"
    """
    due, removed = asyncio.run(_expire(why, by, execute=execute))
    if output is Output.JSON:
        print_json({"executed": execute, "due": [each._asdict() for each in due], "removed": removed})
    elif not due:
        print("nothing to do: no archived event is older than workers.audit.archive.hot_days")
    else:
        print_rows([each._asdict() for each in due], ["partition", "chain", "first", "last", "until", "object"])
        print(
            f"{removed:,} events have left the graph." if execute else 'Nothing was changed; add --execute --why "...".'
        )


async def _expire(why: str | None, by: str | None, *, execute: bool) -> "tuple[list[Due], int]":
    from workers.adapters.graph.connection import GraphConnection  # noqa: PLC0415 - keeps --help fast
    from workers.core.clock import SystemClock  # noqa: PLC0415 - same reason as above
    from workers.core.errors import Misconfigured  # noqa: PLC0415 - same reason as above
    from workers.ops.audit.expire import events_due, expire  # noqa: PLC0415 - same reason as above
    from workers.ops.audit.tasks import audit_options  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.audit import audit_trail  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.journal import who_does_it  # noqa: PLC0415 - same reason as above

    if execute and not (why or "").strip():
        raise Misconfigured('--execute needs --why "...": it is kept as an audit event')
    settings, topology = configuration()
    options, now_ms = audit_options(topology), SystemClock().now_ms()
    async with GraphConnection(settings.neo4j) as graph:
        due = await events_due(graph, options, now_ms)
        if not execute or not due:
            return due, 0
        async with audit_trail(settings, topology) as trail:
            return due, await expire(graph, options, trail, who_does_it(by, why or ""), now_ms)
