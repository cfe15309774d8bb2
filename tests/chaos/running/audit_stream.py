"""A known stream of audit events from a seed: duplicates, also across partitions, and bad records."""

from collections.abc import Sequence
from random import Random
from typing import Any

from tests.chaos.running.stream import REFUSED, Planned, Recipe, in_turns
from tests.model import audit_edits
from tests.model.traffic import seeded

RECORD = "com.llm.datavault.audit.AuditEvent"
EVENTS_OF_A_TRACE = 8
"""As many as telemetry has for each trace, about: so the scenarios take as long."""
DUPLICATES, CROSSING = 0.05, 0.02
"""Shares of a partition's events that come again there, and that come in the next partition as well."""
POISON = ("not_avro", "unknown_schema", "tombstone", "truncated", "negative", "too_old", "wrong_key", "reused")
SPOILT: dict[str, dict[str, Any]] = {
    "negative": {"size_bytes": -1},
    "too_old": {"timestamp": 1_000},
    "reused": {"event_type": "key.rotated", "key_id": "key-1"},
}
EARLIER_MS = 27_000_000_000
"""The events of ``audit_edits`` are newer than the clock of some machines."""
Fields = dict[str, Any]
Spoilt = tuple[Fields, str | None]


def audit_stream_of(seed: int, name: str, recipe: Recipe) -> list[Planned]:
    """Plan the stream of a seed; every id begins with ``name``, or with the kind of its content."""
    random = seeded(seed)
    count = recipe.traces * EVENTS_OF_A_TRACE
    logs = [
        [_event(random, name, number, at, recipe.details_bytes) for at in range(count)]
        for number in range(recipe.partitions)
    ]
    logs = [
        [*log, *random.sample(log, round(count * DUPLICATES)), *random.sample(logs[at - 1], round(count * CROSSING))]
        for at, log in enumerate(logs)
    ]
    for log in logs:
        random.shuffle(log)
    turns = in_turns(random, [_with_poison(random, log, recipe) for log in logs], recipe)
    return [_planned(number, partition, *record) for number, (partition, record) in enumerate(turns)]


def _event(random: Random, name: str, partition: int, number: int, details_bytes: int) -> Fields:
    """Make an event; of one content all events have the same classification."""
    made, place = audit_edits.event(number, random, partition), f"{name}-{partition}"
    content = random.randrange(30)
    long = {"details": {"text": random.randbytes(details_bytes).hex()}} if details_bytes else {}
    return made | {
        "audit_id": f"{place}-{number}",
        "timestamp": made["timestamp"] - EARLIER_MS,
        "user_id": f"{name}-user-{random.randrange(20)}",
        "content_id": f"{('prompt', 'completion')[content % 2]}-{place}-{content}",
        "classification": ("confidential", "pii")[content % 3 == 0],
        **long,
    }


def _with_poison(random: Random, log: Sequence[Fields], recipe: Recipe) -> list[Spoilt]:
    """Insert bad records, each made of an event that came before it."""
    made: list[Spoilt] = [(fields, None) for fields in log]
    kinds = [POISON[number % len(POISON)] for number in range(round(len(log) * recipe.poison_percent / 100))]
    for number, kind in enumerate([*kinds, REFUSED] if kinds else []):
        at = random.randrange(1, len(made) + 1)
        fields = random.choice([each for each, poison in made[:at] if poison is None] or [log[0]])
        own = {} if kind == "reused" else {"audit_id": f"{fields['audit_id']}-bad-{number}"}
        refused = {"reason": random.randbytes(10_000).hex()} if kind == REFUSED else {}
        made.insert(at, ({**fields, **SPOILT.get(kind, {}), **own, **refused}, kind))
    return made


def _planned(number: int, partition: int, fields: Fields, poison: str | None) -> Planned:
    key = "somebody else's" if poison == "wrong_key" else fields["content_id"]
    return Planned(number, partition, key.encode(), RECORD, fields, poison)
