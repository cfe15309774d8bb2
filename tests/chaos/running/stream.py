"""A known stream from a seed: difficult telemetry with bad records."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple, TypeVar

from tests.chaos.running.ledger import ENDLESS, NUMBER
from tests.model.traffic import NAMESPACE, Maker, Sent, traffic
from workers.adapters.avro.encoder import AvroEncoder

ERROR = f"{NAMESPACE}.LLMErrorEvent"
TOKENS = f"{NAMESPACE}.LLMTokenEvent"
TOO_LARGE = "too large for its index "
"""With ``test_index`` present, the database refuses more than 8 kB of this."""
POISON = ("not_avro", "unknown_schema", "tombstone", "truncated", "negative", "too_old", "wrong_key")
REFUSED = "refused"
"""Bad records that only the database rejects: few, because each costs a bisection."""


class Planned(NamedTuple):
    """One record. ``number`` is its position in the stream; ``poison`` says what is wrong, or is ``None``."""

    number: int
    partition: int
    key: bytes
    record_name: str
    fields: Mapping[str, Any]
    poison: str | None


OneT = TypeVar("OneT")
Spoilt = tuple[Sent, str | None]
"""A record, and what is wrong with it."""


class Recipe(NamedTuple):
    """The parameters of a stream.

    ``poison_percent``  bad records for a hundred good ones of a partition
    ``poison_in_a_row`` records of poison, one after the other, in the middle of partition 0
    ``content_bytes``   length of the prompts
    ``endless``         records in partition 0 whose transaction never ends, after two batches of five that end
    ``details_bytes``   random bytes in the details of each audit event, which hardly compress
    ``late_partitions`` the last partitions, whose records come after all others
    """

    partitions: int = 4
    traces: int = 16
    poison_percent: float = 4.0
    poison_in_a_row: int = 0
    content_bytes: int = 10
    endless: int = 0
    late_partitions: int = 0
    details_bytes: int = 0


def stream_of(seed: int, name: str, recipe: Recipe) -> list[Planned]:
    """Plan the stream of a seed; every id contains ``name``, for a shared graph.

    Each partition is in order; the partition of the next record is random. Ids in one partition never name another's.
    """
    random = Random(seed)  # noqa: S311 - reproducible by design
    logs = [_log(random, f"{name}-p{number}-", name, recipe) for number in range(recipe.partitions)]
    middle = len(logs[0]) // 2
    logs[0][middle:middle] = _poison(random, logs[0], f"{name}-row-", recipe.poison_in_a_row)
    for number in range(recipe.endless):
        logs[0].insert(12, (_spoil(random, ENDLESS, _spoilable(random, logs[0]), f"{name}-endless-{number}"), ENDLESS))
    turns = in_turns(random, logs, recipe)
    return [_planned(number, partition, *record) for number, (partition, record) in enumerate(turns)]


def in_turns(random: Random, logs: Sequence[Sequence[OneT]], recipe: Recipe) -> Iterator[tuple[int, OneT]]:
    """Yield the records of all partitions, each in its order, with their partition; which one is next is random."""
    turns = [number for number, log in enumerate(logs) for _ in log]
    random.shuffle(turns)
    turns.sort(key=lambda number: number >= recipe.partitions - recipe.late_partitions)
    heads = [iter(log) for log in logs]
    return ((partition, next(heads[partition])) for partition in turns)


def _log(random: Random, prefix: str, name: str, recipe: Recipe) -> list[Spoilt]:
    """Return one partition's log; all partitions write to the same models."""
    log: list[Spoilt] = []
    for record, fields in traffic(random, recipe.traces, prefix):
        shared = {**fields, "model_id": fields["model_id"].removesuffix(f"-{prefix}") + f"-{name}"}
        if "prompt" in fields:
            shared["prompt"] = random.randbytes(recipe.content_bytes // 2).hex()
        log.append(((record, shared), None))
    bad = _poison(random, log, f"{prefix}bad-", round(len(log) * recipe.poison_percent / 100))
    refused = [(_spoil(random, REFUSED, _spoilable(random, log), f"{prefix}refused"), REFUSED)] if bad else []
    for each in bad + refused:
        log.insert(random.randrange(len(log) + 1), each)
    return log


def _poison(random: Random, log: Sequence[Spoilt], prefix: str, count: int) -> list[Spoilt]:
    """Return ``count`` copies of the log's records, spoilt in all ways in turn."""
    kinds = [POISON[number % len(POISON)] for number in range(count)]
    return [
        (_spoil(random, kind, _spoilable(random, log), f"{prefix}{number}"), kind) for number, kind in enumerate(kinds)
    ]


def _spoilable(random: Random, log: Sequence[Spoilt]) -> Sent:
    return random.choice([sent for sent, poison in log if poison is None and sent[1]["trace_id"]])


def _spoil(random: Random, kind: str, sent: Sent, event_id: str) -> Sent:
    """Spoil the fields of a copy with its own id; encodings are spoilt later."""
    record, fields = sent
    fields = {**fields, "event_id": event_id}
    if kind == "negative":
        return TOKENS, _like(fields, Maker(random, "any").tokens("any", "any")) | {"total_tokens": -1}
    if kind == "too_old":
        fields["timestamp"] = 1_000
    if kind in {REFUSED, ENDLESS}:
        error = _like(fields, Maker(random, "any").error("any", "any"))
        message = ENDLESS if kind == ENDLESS else TOO_LARGE + _noise(random)
        return ERROR, error | {"message": message, "caused_by": None}
    return record, fields


def _like(fields: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other's own fields, with the common fields of the first."""
    common = ("event_id", "timestamp", "model_id", "provider", "trace_id", "span_id", "metadata")
    return {**other, **{field: fields[field] for field in common}}


def _noise(random: Random) -> str:
    return random.randbytes(10_000).hex()


def _planned(number: int, partition: int, sent: Sent, poison: str | None) -> Planned:
    record, fields = sent
    key = "somebody else's" if poison == "wrong_key" else fields["trace_id"] or "any"
    return Planned(number, partition, key.encode(), record, {**fields, "metadata": {NUMBER: str(number)}}, poison)


async def encoded(stream: Sequence[Planned], topic: str, encoder: AvroEncoder) -> list[bytes | None]:
    """Return the value of each record; ``None`` is a tombstone."""
    return [
        _spoilt(await encoder.encode(topic, planned.record_name, planned.fields), planned.poison) for planned in stream
    ]


def _spoilt(value: bytes, poison: str | None) -> bytes | None:
    match poison:
        case "tombstone":
            return None
        case "not_avro":
            return b'{"status": "SUCCESS"}'
        case "truncated":
            return value[: len(value) // 2]
        case "unknown_schema":
            return value[:1] + (0x7FFF_FFFF).to_bytes(4, "big") + value[5:]
    return value
