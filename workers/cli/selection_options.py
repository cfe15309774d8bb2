"""The options that verbs share: filters of dead letters, how to replay, and why something is done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workers.core.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.config.settings import Settings
    from workers.config.topology import Topology
    from workers.ops.dead_letters.scan import DeadLetters
    from workers.ops.dead_letters.selection import Selection


def _topics() -> list[str]:
    return list(configuration()[1].topics)


def _codes() -> list[str]:
    from workers.adapters.avro.decode_errors import DEAD_LETTER_CODES as DECODE  # noqa: PLC0415 - keeps --help fast
    from workers.adapters.graph.errors import DEAD_LETTER_CODES as WRITE  # noqa: PLC0415 - same reason as above
    from workers.engine.batch.key_order import DEAD_LETTER_CODES as ORDER  # noqa: PLC0415 - same reason as above
    from workers.pipelines.fleet import FLEET  # noqa: PLC0415 - same reason as above

    every = (*DECODE, *WRITE, *ORDER, *(each for factory in FLEET.values() for each in factory.dead_letter_codes))
    return sorted({each.code for each in every})


def _workers() -> list[str]:
    return list(configuration()[1].workers)


TopicOption = Annotated[
    list[str] | None,
    typer.Option(
        "--topic", help="Source topic, repeatable. Default: every topic of topology.yaml.", autocompletion=_topics
    ),
]
DlqTopicOption = Annotated[
    list[str] | None,
    typer.Option("--dlq-topic", help="Dead-letter topic of another system, such as Kafka Connect; repeatable."),
]
ReasonOption = Annotated[
    list[str] | None,
    typer.Option("--reason", help="Dead-letter code, or its beginning (avro); repeatable.", autocompletion=_codes),
]
StageOption = Annotated[
    list[str] | None,
    typer.Option("--stage", help="DECODE, VALIDATE, ENRICH or WRITE; repeatable.", autocompletion=lambda: list(Stage)),
]
WorkerOption = Annotated[
    list[str] | None,
    typer.Option("--worker", help="Worker that rejected it; repeatable.", autocompletion=_workers),
]
KeyOption = Annotated[list[str] | None, typer.Option("--key", help="Record key, in UTF-8; repeatable.")]
PartitionOption = Annotated[int | None, typer.Option("--partition", min=0, help="Partition.")]
OffsetOption = Annotated[str | None, typer.Option("--offset", help="Offset of the dead letter, or a range: 7-19.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Records from this time on (ISO 8601, UTC), or of this age: 90m, 2d.")
]
UntilOption = Annotated[str | None, typer.Option("--until", help="Records before this time, or older than this age.")]
ExecuteOption = Annotated[bool, typer.Option("--execute", help="Do it; without it, nothing is changed.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason; asked for with --execute, and kept.")]
AsOption = Annotated[str | None, typer.Option("--as", help="Who does it; default: this system's user.")]
MaybeWhyOption = Annotated[str | None, typer.Option("--why", help="The reason; with it, an audit event is left.")]
RateOption = Annotated[float | None, typer.Option("--rate", min=0.1, help="At most so many records a second.")]
MaxReplaysOption = Annotated[
    int, typer.Option("--max-replays", min=1, help="Leave out what failed after so many replays.")
]
EvenFailingOption = Annotated[bool, typer.Option("--even-failing", help="Send also what would fail again at once.")]
AllowTopicOption = Annotated[
    list[str] | None, typer.Option("--allow-topic", help="A topic outside topology.yaml; repeatable.")
]
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]


def selection(  # noqa: PLR0913 - one parameter for each option
    *,
    reason: list[str] | None,
    stage: list[str] | None,
    worker: list[str] | None,
    key: list[str] | None,
    partition: int | None,
    offset: str | None,
    since: str | None,
    until: str | None,
) -> "Selection":
    """Return what the options select. Raises ``Misconfigured``."""
    from workers.ops.dead_letters.selection import (  # noqa: PLC0415 - keeps --help fast
        Selection,
        offset_range,
        point_in_time,
        stages,
    )

    now = datetime.now(UTC)
    return Selection(
        codes=frozenset(reason or ()),
        stages=stages(stage or ()),
        workers=frozenset(worker or ()),
        keys=frozenset(each.encode() for each in key or ()),
        partition=partition,
        offsets=None if offset is None else offset_range(offset),
        since=None if since is None else point_in_time("--since", since, now),
        until=None if until is None else point_in_time("--until", until, now),
    )


def configuration() -> "tuple[Settings, Topology]":
    """Read the settings and the topology, and log as the settings say. Raises ``Misconfigured``."""
    from workers.pipelines.fleet import load_topology  # noqa: PLC0415 - keeps --help fast

    settings = configured()
    return settings, load_topology(settings.topology_path)


def configured() -> "Settings":
    """Read the settings, and log as they say. Raises ``Misconfigured``."""
    from workers.config.settings import Settings  # noqa: PLC0415 - keeps --help fast
    from workers.observe.log import configure_logging  # noqa: PLC0415 - same reason as above

    settings = Settings.from_environment()
    configure_logging(settings.log)
    return settings


def named_dead_letters(topics: list[str] | None, dlq_topics: list[str] | None) -> "list[DeadLetters]":
    """Return what ``dead_letters_of`` does, and read ``topology.yaml`` only for the names that nobody has given.

    It takes as long as to count 100,000 letters. Raises ``Misconfigured``.
    """
    if topics or dlq_topics:
        return dead_letters_of(configured(), (), topics, dlq_topics)
    settings, topology = configuration()
    return dead_letters_of(settings, topology.topics, None, None)


def dead_letters_of(
    settings: "Settings", sources: "Iterable[str]", topics: list[str] | None, dlq_topics: list[str] | None
) -> "list[DeadLetters]":
    """Return the dead letters of these topics; without any, those of every source topic in the topology."""
    from workers.ops.dead_letters.scan import DeadLetters  # noqa: PLC0415 - keeps --help fast

    ours = [DeadLetters(settings.kafka, topic) for topic in topics or (() if dlq_topics else sources)]
    return [*ours, *(DeadLetters(settings.kafka, "", topic) for topic in dlq_topics or ())]


@asynccontextmanager
async def act(event_type: str, why: str | None, by: str | None) -> AsyncIterator[dict[str, object]]:
    """Yield a dictionary for what was done. With ``why``, it becomes the details of an audit event at the end.

    Raises ``Misconfigured`` before anything is done where there is no topic for the event, and ``Unreachable`` where
    the event could not be sent; what was done stays.
    """
    done: dict[str, object] = {}
    if why is None:
        yield done
        return
    from workers.ops.dead_letters.audit import audit_trail  # noqa: PLC0415 - keeps --help fast
    from workers.ops.dead_letters.journal import who_does_it  # noqa: PLC0415 - same reason as above

    who = who_does_it(by, why)
    async with audit_trail(*configuration()) as trail:
        yield done
        await trail.leave(event_type, who, {name: str(value) for name, value in done.items()})
