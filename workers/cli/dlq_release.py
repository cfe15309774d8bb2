"""``memory-graph dlq release``: give up what a parked key waits for."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.cli.selection_options import AsOption, ExecuteOption, WhyOption, configuration
from workers.core.errors import Misconfigured
from workers.core.node_key import as_written

if TYPE_CHECKING:
    from workers.ops.dead_letters.journal import Who
    from workers.ops.dead_letters.release import ParkedKey

COLUMNS = ["topic", "partition", "key", "waiting", "first", "since"]


def release(  # noqa: PLR0913, PLR0917 - one parameter for each option
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="The record key; bytes that are no letters as %XX, as shown.")
    ] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="Source topic. Default: show every topic.")] = None,
    first: Annotated[
        bool, typer.Option("--first", help="Give up only the first record: the others wait on, in their order.")
    ] = False,
    execute: ExecuteOption = False,
    why: WhyOption = "",
    by: AsOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Release a key that waits behind a dead letter: show it, then with --execute do it. Without KEY, show all.

    The next records of a released key are processed again. What waited stays in the dead letters: replayed later, it
    comes after them. To keep the order, repair and replay what waits, or give up only the --first.

    Example: memory-graph dlq release gpt-4o --topic registry-changes --execute --why "its row was corrected by hand"
    """
    if execute and (key is None or topic is None):
        raise Misconfigured("KEY or --topic is missing: name the one key that --execute releases, and its topic")
    from workers.ops.dead_letters.journal import who_does_it  # noqa: PLC0415 - keeps --help fast

    who = who_does_it(by, why) if execute else None
    name = None if key is None else as_written(key)
    keys = asyncio.run(_released(topic, name, who, only_first=first))
    if output is Output.JSON:
        print_json({"executed": execute, "keys": [each._asdict() for each in keys]})
    elif not keys:
        print("there are no such parked keys")
    else:
        rows = [{**each._asdict(), "waiting": len(each.offsets), "first": each.offsets[0]} for each in keys]
        print_rows(rows, COLUMNS, title="Released" if execute else "Parked")
        if not execute:
            print('Nothing was released; add --execute --why "..." to do it.')


async def _released(topic: str | None, key: str | None, who: "Who | None", *, only_first: bool) -> "list[ParkedKey]":
    from workers.adapters.graph.connection import GraphConnection  # noqa: PLC0415 - keeps --help fast
    from workers.ops.dead_letters.audit import audit_trail  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.release import parked_keys, release  # noqa: PLC0415 - same reason as above

    settings, topology = configuration()
    async with GraphConnection(settings.neo4j) as graph:
        keys = await parked_keys(graph, topic, key)
        if who is not None:
            async with audit_trail(settings, topology) as trail:
                await release(graph, keys, trail, who, only_first=only_first)
        return keys
