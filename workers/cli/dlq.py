"""``memory-graph dlq``: look at dead letters, send them back, delete them."""

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.browse.command import browse
from workers.cli.dlq_list import print_list
from workers.cli.dlq_list import watch as watch_list
from workers.cli.dlq_release import release
from workers.cli.dlq_replay import replay
from workers.cli.output import Output, OutputOption, as_json, plain, print_json, print_rows
from workers.cli.selection_options import (
    AsOption,
    DlqTopicOption,
    ExecuteOption,
    KeyOption,
    LimitOption,
    OffsetOption,
    PartitionOption,
    ReasonOption,
    SinceOption,
    StageOption,
    TopicOption,
    UntilOption,
    WhyOption,
    WorkerOption,
    configuration,
    dead_letters_of,
    named_dead_letters,
    selection,
)

if TYPE_CHECKING:
    from workers.config.settings import Settings
    from workers.config.topology import Topology
    from workers.ops.dead_letters.journal import Who
    from workers.ops.dead_letters.purge import PurgePlan
    from workers.ops.dead_letters.scan import DeadLetters
    from workers.ops.dead_letters.selection import Selection

app = typer.Typer(help="Look at dead letters, send them back, delete them.", no_args_is_help=True)


@app.callback()
def dlq() -> None:
    """Look at dead letters, send them back, delete them."""


@app.command("list")
def list_letters(  # noqa: PLR0913, PLR0917 - one parameter for each option
    topic: TopicOption = None,
    dlq_topic: DlqTopicOption = None,
    reason: ReasonOption = None,
    stage: StageOption = None,
    worker: WorkerOption = None,
    key: KeyOption = None,
    partition: PartitionOption = None,
    offset: OffsetOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Count what comes, too, every three seconds, until Ctrl-C.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Count dead letters by topic, code, stage and worker, with the age of each kind; the largest first.

    ``replayed`` were sent back already; ``again`` came from a replay and failed again. ``-o json --watch`` prints one
    document a line.

    Example: memory-graph dlq list --since 2d
    """
    from workers.ops.dead_letters.tally import Tally  # noqa: PLC0415 - keeps --help fast

    chosen = selection(
        reason=reason, stage=stage, worker=worker, key=key, partition=partition, offset=offset, since=since, until=until
    )
    tally = Tally(named_dead_letters(topic, dlq_topic), chosen)
    (watch_list if watch else print_list)(tally, limit, output)


@app.command()
def show(  # noqa: PLR0913, PLR0917 - one parameter for each option
    topic: TopicOption = None,
    dlq_topic: DlqTopicOption = None,
    reason: ReasonOption = None,
    stage: StageOption = None,
    worker: WorkerOption = None,
    key: KeyOption = None,
    partition: PartitionOption = None,
    offset: OffsetOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 10,
    raw: Annotated[bool, typer.Option("--raw", help="Show values as base64, not decoded.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show dead letters: where each came from, why it failed, its headers and its decoded value.

    ``today`` is why it would fail now; the failing field is marked. ``-o json`` prints one object a line, for jq. A
    value may have the text of a prompt in it.

    Example: memory-graph dlq show --reason field.missing --limit 1
    """
    chosen = selection(
        reason=reason, stage=stage, worker=worker, key=key, partition=partition, offset=offset, since=since, until=until
    )
    settings, topology = configuration()
    shown = asyncio.run(
        _shown(settings, topology, dead_letters_of(settings, topology.topics, topic, dlq_topic), chosen, limit, raw=raw)
    )
    for letter in shown:
        print(as_json(letter) if output is Output.JSON else _marked(letter))


def _marked(letter: dict[str, Any]) -> str:
    """Return a letter over many lines, with a mark at the failing field of its value."""
    lines = as_json(letter, indent=2, ascii_only=False).split("\n")
    begin = next(number for number, line in enumerate(lines) if line.startswith('  "value"'))
    field = f"    {as_json(letter['field'], ascii_only=False)}: "
    marks = ("    <--" if at > begin and line.startswith(field) else "" for at, line in enumerate(lines))
    return "\n".join(plain(line) + mark for line, mark in zip(lines, marks, strict=True))


async def _shown(  # noqa: PLR0913 - what is shown, and of what
    settings: "Settings",
    topology: "Topology",
    topics: "list[DeadLetters]",
    chosen: "Selection",
    limit: int | None,
    *,
    raw: bool,
) -> list[dict[str, Any]]:
    from workers.ops.dead_letters.dry_run import dry_run  # noqa: PLC0415 - keeps --help fast
    from workers.ops.dead_letters.show import shown  # noqa: PLC0415 - same reason as above

    found: list[dict[str, Any]] = []
    for dead_letters in topics:
        letters = list(islice(dead_letters.selected(chosen), None if limit is None else limit - len(found)))
        async with dry_run(settings, topology, dead_letters.source) as trial:
            faults = await trial.faults(letters) if trial else [None] * len(letters)
            for letter, fault in zip(letters, faults, strict=True):
                found.append(shown(letter, trial.decoded(letter) if trial else None, fault, raw=raw))
    return found


app.command()(replay)
app.command()(browse)
app.command()(release)


@app.command()
def purge(  # noqa: PLR0913, PLR0917 - one parameter for each option
    topic: TopicOption = None,
    dlq_topic: DlqTopicOption = None,
    reason: ReasonOption = None,
    stage: StageOption = None,
    worker: WorkerOption = None,
    key: KeyOption = None,
    partition: PartitionOption = None,
    offset: OffsetOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    execute: ExecuteOption = False,
    why: WhyOption = "",
    by: AsOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Delete dead letters: first the plan, then with --execute.

    Kafka deletes only from the beginning of a partition: selected letters behind one that is not selected stay, until
    the retention of their topic ends.

    With --execute --why "..." it acts.

    Example: memory-graph dlq purge --until 3d
    """
    chosen = selection(
        reason=reason, stage=stage, worker=worker, key=key, partition=partition, offset=offset, since=since, until=until
    )
    from workers.ops.dead_letters.journal import who_does_it  # noqa: PLC0415 - keeps --help fast
    from workers.ops.dead_letters.purge import plan_purge  # noqa: PLC0415 - same reason as above

    settings, topology = configuration()
    who = who_does_it(by, why) if execute else None
    plans = [(each, plan_purge(each, chosen)) for each in dead_letters_of(settings, topology.topics, topic, dlq_topic)]
    if who is not None:
        asyncio.run(_purged(settings, topology, plans, chosen, who))
    rows = [{"topic": plan.topic, "deleted": plan.letters, "stay behind others": plan.kept} for _, plan in plans]
    if output is Output.JSON:
        print_json({"executed": execute, "topics": rows})
        return
    print_rows(rows, ["topic", "deleted", "stay behind others"], title="Done" if execute else "Would be done")
    if not execute:
        print('Nothing was deleted; add --execute --why "..." to do it.')


async def _purged(
    settings: "Settings",
    topology: "Topology",
    plans: "list[tuple[DeadLetters, PurgePlan]]",
    chosen: "Selection",
    who: "Who",
) -> None:
    """Delete what the plans say; the audit event comes first, so that nothing is deleted without one."""
    from workers.ops.dead_letters.audit import PURGED, audit_trail  # noqa: PLC0415 - keeps --help fast
    from workers.ops.dead_letters.purge import delete  # noqa: PLC0415 - same reason as above

    async with audit_trail(settings, topology) as trail:
        for dead_letters, plan in plans:
            if plan.up_to:
                details = {"topic": plan.topic, **chosen.described(), "letters": str(plan.letters)}
                await trail.leave(PURGED, who, details)
                delete(dead_letters, plan)
