"""``memory-graph dlq replay``: send dead letters back."""

import asyncio
import os
import socket
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.output import Output, OutputOption, print_json, print_rows
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
    selection,
)
from workers.core.errors import Misconfigured, ProblemsFound

if TYPE_CHECKING:
    from workers.config.settings import Settings
    from workers.config.topology import Topology
    from workers.ops.dead_letters.dry_run import DryRun
    from workers.ops.dead_letters.journal import Who
    from workers.ops.dead_letters.repair import Patch, Repair
    from workers.ops.dead_letters.replay import Replay
    from workers.ops.dead_letters.replay_tally import Tally

PLAN_COLUMNS = ["topic", "letters", "code", "what"]


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
    rate: Annotated[float | None, typer.Option("--rate", min=0.1, help="At most so many records a second.")] = None,
    max_replays: Annotated[
        int, typer.Option("--max-replays", min=1, help="Leave out what failed after so many replays.")
    ] = 3,
    even_failing: Annotated[
        bool, typer.Option("--even-failing", help="Send also what would fail again at once.")
    ] = False,
    to: Annotated[str, typer.Option("--to", help="Send to this topic instead, for a trial.")] = "",
    allow_topic: Annotated[
        list[str] | None, typer.Option("--allow-topic", help="A topic outside topology.yaml; repeatable.")
    ] = None,
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

    Exit code 1: some were left out. Example, which only plans, and with --execute --why "..." acts:
    memory-graph dlq replay --topic llm-telemetry-events --reason number.negative --fix latency_ms=0 --fix token_count=0
    """
    chosen = selection(
        reason=reason, stage=stage, worker=worker, key=key, partition=partition, offset=offset, since=since, until=until
    )
    from workers.adapters.kafka.admin import Admin  # noqa: PLC0415 - keeps --help fast
    from workers.ops.dead_letters.journal import who_does_it  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.repair import fix as fix_of  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.repair import patch_file  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.replay import Replay  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.verdict import Rules  # noqa: PLC0415 - same reason as above

    settings, topology = configuration()
    allowed = {*topology.topics, *(allow_topic or ())}
    if to and to not in allowed:
        raise Misconfigured(f"--to {to}: it is not in topology.yaml; allow it with --allow-topic {to}")
    partitions = Admin(settings.kafka).topics()
    rules = Rules({name: partitions.get(name, 0) for name in allowed}, max_replays, to)
    sending = partial(Replay, selection=chosen, rules=rules, limit=limit)
    who = who_does_it(by, why) if execute else None
    if (fix or patch) and not topic:
        raise Misconfigured("--topic is missing: --fix and --patch are for the records of one topic")
    patches = [*([patch_file(patch)] if patch else ()), *map(fix_of, fix or ())]
    results = {
        dead_letters.topic: asyncio.run(
            _replayed(
                settings, topology, sending(dead_letters), patches=patches, who=who, rate=rate, dry=not even_failing
            )
        )
        for dead_letters in dead_letters_of(settings, topology, topic, dlq_topic)
    }
    _print_replay(results, who, output)
    if who is not None and (left_out := sum(tally.left_out for tally in results.values())):
        raise ProblemsFound(f"{left_out:,} dead letters were not sent: the column `what` says why, and what to do")


async def _replayed(  # noqa: PLR0913 - what is replayed, by whom, and how
    settings: "Settings",
    topology: "Topology",
    replay: "Replay",
    *,
    patches: "list[Patch]",
    who: "Who | None",
    rate: float | None,
    dry: bool,
) -> "Tally":
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from workers.adapters.kafka.sole_member import sole_member  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.audit import REPLAY_STARTED, REPLAYED, audit_trail  # noqa: PLC0415 - same reason
    from workers.ops.dead_letters.dry_run import dry_run  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.verdict import Verdict  # noqa: PLC0415 - same reason as above

    topic = replay.dead_letters.topic
    async with dry_run(settings, topology, replay.dead_letters.source) as trial:
        replay = replace(replay, dry_run=trial if dry else None, repair=_repair(trial, patches, topic))
        with Console(stderr=True).status(f"reading {topic}") as status:
            if who is None:
                return await replay.plan()
            began = time.monotonic()

            def progress(tally: "Tally") -> None:
                status.update(_progress(topic, tally, replay.letters, time.monotonic() - began))

            details = {"topic": topic, **replay.selection.described()}
            name = f"{who.by}@{socket.gethostname()} (pid {os.getpid()}, replay {who.replay_id})"
            async with audit_trail(settings, topology) as trail:
                with sole_member(settings.kafka, f"memory-graph-dlq.{topic}", topic, name):
                    replay = replace(replay, opening=await trail.event(REPLAY_STARTED, who, details))
                    tally = await replay.execute(who, rate, progress)
                await trail.leave(REPLAYED, who, {**details, "sent": str(tally.count(Verdict.SEND))})
                return tally


def _repair(trial: "DryRun | None", patches: "list[Patch]", topic: str) -> "Repair | None":
    """Return what applies the patches. Raises ``Misconfigured`` where no schema says how to encode."""
    from workers.ops.dead_letters.repair import Repair  # noqa: PLC0415 - keeps --help fast

    if not patches:
        return None
    if trial is None or trial.encoder is None:
        raise Misconfigured(
            f"values of {topic} cannot be repaired, only those of a worker with Avro schemas: "
            "leave out --fix and --patch, or choose another --topic"
        )
    return Repair(patches, trial.decoder, trial.encoder)


def _progress(topic: str, tally: "Tally", letters: int, seconds: float) -> str:
    seen = tally.letters
    left = seconds / seen * (letters - seen) if seen else 0.0
    return f"{topic}: {seen:,} of {letters:,} dead letters, {left:,.0f} s left"


def _print_replay(results: "dict[str, Tally]", who: "Who | None", output: Output) -> None:
    rows = [
        {"topic": topic, "letters": count, "code": code, "what": str(what)}
        for topic, tally in results.items()
        for (what, code), count in sorted(tally.verdicts.items(), key=lambda each: -each[1])
    ]
    faults = {fault: count for tally in results.values() for fault, count in tally.faults.most_common(5)}
    repairs = [changes for tally in results.values() for changes in tally.repairs]
    overtaken = sum(tally.overtaken for tally in results.values())
    if output is Output.JSON:
        done = {"executed": who is not None, "replay_id": who.replay_id if who else None}
        print_json({**done, "letters": rows, "faults": faults, "repairs": repairs, "overtaken_keys": overtaken})
        return
    if not rows:
        print("there are no such dead letters")
        return
    print_rows(rows, PLAN_COLUMNS, title=f"Replay {who.replay_id}: done" if who else "Would be done")
    for fault, count in faults.items():
        print(f"{count:,} would fail again, such as: {fault}")
    for changes in repairs:
        print("repaired: " + ", ".join(f"{name}: {old!r} -> {new!r}" for name, (old, new) in changes.items()))
    if overtaken:
        print(f"{overtaken:,} keys have later records already: their letters would come after these")
    if who is None:
        print('Nothing was sent; add --execute --why "..." to do it.')
