"""``memory-graph dlq replay``: send dead letters back."""

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.output import Output, OutputOption, plain, print_json, print_rows
from workers.cli.selection_options import (
    AllowTopicOption,
    AsOption,
    DlqTopicOption,
    EvenFailingOption,
    ExecuteOption,
    KeyOption,
    LimitOption,
    MaxReplaysOption,
    OffsetOption,
    PartitionOption,
    RateOption,
    ReasonOption,
    SinceOption,
    StageOption,
    TopicOption,
    UntilOption,
    WhyOption,
    WorkerOption,
    configuration,
    dead_letters_of,
    selection,
)
from workers.core.errors import Misconfigured, ProblemsFound

if TYPE_CHECKING:
    from workers.config.settings import Settings
    from workers.config.topology import Topology
    from workers.ops.dead_letters.journal import Who
    from workers.ops.dead_letters.replaying.carry_out import Order
    from workers.ops.dead_letters.replaying.replay import Replay
    from workers.ops.dead_letters.replaying.replay_tally import Tally

PLAN_COLUMNS = ["topic", "letters", "code", "what"]
SHOWN_FAULTS = 5


def replay(  # noqa: PLR0913, PLR0917 - one parameter for each option
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
    execute: ExecuteOption = False,
    why: WhyOption = "",
    by: AsOption = None,
    rate: RateOption = None,
    max_replays: MaxReplaysOption = 3,
    even_failing: EvenFailingOption = False,
    to: Annotated[str, typer.Option("--to", help="Send to this topic instead, for a trial.")] = "",
    allow_topic: AllowTopicOption = None,
    fix: Annotated[
        list[str] | None, typer.Option("--fix", help="FIELD=VALUE: repair decoded values; repeatable.")
    ] = None,
    patch: Annotated[
        Path | None,
        typer.Option(
            "--patch", help="File with a JSON merge patch (RFC 7396); *.jmespath: an expression that makes one."
        ),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Send dead letters back to their topics: first the plan, then with --execute.

    Each letter is sent once, in one transaction with a note that it was sent: run a command again after it was stopped,
    and it sends what is left. Their order is kept in each partition.

    With --execute --why "..." it acts. Exit code 1: some were left out.

    Example: memory-graph dlq replay --topic llm-telemetry-events --reason number.negative --fix latency_ms=0
    """
    chosen = selection(
        reason=reason, stage=stage, worker=worker, key=key, partition=partition, offset=offset, since=since, until=until
    )
    from workers.engine.deployment import configure_garbage_collector  # noqa: PLC0415 - keeps --help fast
    from workers.ops.dead_letters.journal import who_does_it  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.replaying.carry_out import Order, rules_of  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.replaying.repair import fix as fix_of  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.replaying.repair import patch_file  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.replaying.replay import Replay  # noqa: PLC0415 - same reason as above

    settings, topology = configuration()
    allowed = {*topology.topics, *(allow_topic or ())}
    if to and to not in allowed:
        raise Misconfigured(f"--to {to}: it is not in topology.yaml; allow it with --allow-topic {to}")
    rules = rules_of(settings.kafka, allowed, max_replays, to)
    sending = partial(Replay, selection=chosen, rules=rules, limit=limit)
    who = who_does_it(by, why) if execute else None
    if (fix or patch) and not topic:
        raise Misconfigured("--topic is missing: --fix and --patch are for the records of one topic")
    patches = [*([patch_file(patch)] if patch else ()), *map(fix_of, fix or ())]
    order = Order(patches, who, rate, even_failing)
    configure_garbage_collector()  # it took a fifth of the time
    results = {
        dead_letters.topic: _replayed(settings, topology, sending(dead_letters), order)
        for dead_letters in dead_letters_of(settings, topology.topics, topic, dlq_topic)
    }
    _print_replay(results, who, output)
    if who is not None and (left_out := sum(tally.left_out for tally in results.values())):
        raise ProblemsFound(f"{left_out:,} dead letters were not sent: the column `what` says why, and what to do")


def _replayed(settings: "Settings", topology: "Topology", replay: "Replay", order: "Order") -> "Tally":
    """Plan or execute the replay of one topic, and show how far it is."""
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from workers.ops.dead_letters.replaying.carry_out import carry_out  # noqa: PLC0415 - same reason as above

    topic, began = replay.dead_letters.topic, time.monotonic()
    with Console(stderr=True).status(f"reading {topic}") as status:

        def progress(tally: "Tally") -> None:
            status.update(_progress(topic, tally, replay.letters, time.monotonic() - began))

        return asyncio.run(carry_out(settings, topology, replay, order, progress))


def _progress(topic: str, tally: "Tally", letters: int, seconds: float) -> str:
    seen = tally.letters
    left = seconds / seen * (letters - seen) if seen else 0.0
    return f"{topic}: {seen:,} of {letters:,} dead letters, {left:,.0f} s left"


def plan_rows(tally: "Tally") -> list[dict[str, Any]]:
    """Return what is done with how many letters of each code, the most frequent first."""
    return [
        {"letters": count, "code": code, "what": str(what)}
        for (what, code), count in sorted(tally.verdicts.items(), key=lambda each: -each[1])
    ]


def plan_notes(tally: "Tally") -> list[str]:
    """Return sentences about what would fail again, what is repaired, and what has later records."""
    notes = [f"{count:,} would fail again, such as: {fault}" for fault, count in tally.faults.most_common(SHOWN_FAULTS)]
    notes += [
        "repaired: " + ", ".join(f"{name}: {old!r} -> {new!r}" for name, (old, new) in changes.items())
        for changes in tally.repairs
    ]
    if tally.overtaken:
        notes.append(f"{tally.overtaken:,} keys have later records already: their letters would come after these")
    return notes


def _print_replay(results: "dict[str, Tally]", who: "Who | None", output: Output) -> None:
    rows = [{"topic": topic, **row} for topic, tally in results.items() for row in plan_rows(tally)]
    if output is Output.JSON:
        _print_replay_json(results, rows, who)
        return
    if not rows:
        print("there are no such dead letters")
        return
    print_rows(rows, PLAN_COLUMNS, title=f"Replay {who.replay_id}: done" if who else "Would be done")
    for tally in results.values():
        for note in plan_notes(tally):
            print(plain(note))
    if who is None:
        print('Nothing was sent; add --execute --why "..." to do it.')


def _print_replay_json(results: "dict[str, Tally]", rows: list[dict[str, Any]], who: "Who | None") -> None:
    faults = {fault: count for tally in results.values() for fault, count in tally.faults.most_common(SHOWN_FAULTS)}
    repairs = [changes for tally in results.values() for changes in tally.repairs]
    overtaken = sum(tally.overtaken for tally in results.values())
    done = {"executed": who is not None, "replay_id": who.replay_id if who else None}
    print_json({**done, "letters": rows, "faults": faults, "repairs": repairs, "overtaken_keys": overtaken})
