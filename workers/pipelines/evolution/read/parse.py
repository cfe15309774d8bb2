"""Make an event of a decoded record, or reject it with field, value and fix."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from workers.core.checks import check_size, check_unicode, described, quoted, reject
from workers.core.record import Decoded
from workers.pipelines.evolution.events import (
    Change,
    Confirmed,
    Decided,
    Due,
    Event,
    Executed,
    Published,
    RolledBack,
    Verified,
)
from workers.pipelines.evolution.identity import migration_id
from workers.pipelines.evolution.limits import LATEST, MAX_NAME_BYTES, MAX_WHY_BYTES
from workers.pipelines.evolution.records import EVENT_TYPES, NAMESPACE
from workers.pipelines.evolution.states import ChangeClass

Fields = Mapping[str, Any]
DAY_MS = 86_400_000


class Kind(NamedTuple):
    """A record type: the event_type of its events, and the function that reads its own fields."""

    event_type: str
    read: Callable[[Fields], Change]


def parse(decoded: Decoded, now_ms: int) -> Event:
    """Return the event of a decoded value; ``now_ms`` is the current time in epoch milliseconds.

    Raises ``Rejected`` (VALIDATE) with one of the codes ``record.unknown``, ``field.missing``, ``field.too_large``,
    ``field.not_unicode``, ``migration_id.mismatch``, ``change_class.unknown``,
    ``number.out_of_range``, ``timestamp.in_future``.
    """
    record_name, fields = decoded
    kind = KINDS.get(record_name)
    if kind is None:
        reject(
            "record.unknown", f"{quoted(record_name)} is no record of schema migrations: send one of {', '.join(KINDS)}"
        )
    schema_id = _name(fields, "schema_id")
    at = _time(fields, "at")
    if at > now_ms + DAY_MS:
        reject("timestamp.in_future", f"at is {at}, more than a day ahead: set the producer's clock")
    return Event(kind.event_type, _name(fields, "migration_id", 7), schema_id, at, kind.read(fields))


def check_key(event: Event, key: bytes | None) -> None:
    """Check that the record's key is the schema_id. Raises ``Rejected`` (VALIDATE) with ``key.mismatch``."""
    if key != event.schema_id.encode():
        message = f"the key is {described(key)}, the schema_id {quoted(event.schema_id)}: key the record by schema_id"
        reject("key.mismatch", message)


def _published(fields: Fields) -> Published:
    schema_id, version, hash_ = fields["schema_id"], _name(fields, "version"), _name(fields, "hash")
    if fields["migration_id"] != migration_id(schema_id, version, hash_):
        message = f"migration_id is {quoted(fields['migration_id'])}: write {migration_id(schema_id, version, hash_)}"
        reject("migration_id.mismatch", message)
    change_class = fields["change_class"]
    if change_class not in set(ChangeClass):
        message = f"change_class is {quoted(change_class)}: write one of {', '.join(ChangeClass)}"
        reject("change_class.unknown", message)
    against = fields["against_version"]
    return Published(
        version,
        hash_,
        None if against is None else _name(fields, "against_version"),
        ChangeClass(change_class),
        _why(fields),
        tuple(
            sorted({_name({"compatible_models": name}, "compatible_models") for name in fields["compatible_models"]})
        ),
        None if fields["published_at"] is None else _time(fields, "published_at"),
    )


def _name(fields: Fields, field: str, parts: int = 1) -> str:
    """Read an id; ``parts`` is how many names its size may be: an escaped character takes three."""
    return _text(fields, field, parts * MAX_NAME_BYTES)


def _why(fields: Fields) -> str:
    return _text(fields, "why", MAX_WHY_BYTES)


def _text(fields: Fields, field: str, limit: int) -> str:
    value: str = fields[field]
    if not value:
        reject("field.missing", f"{field} is empty: send text")
    check_size(field, value, limit)
    check_unicode(field, value)
    return value


def _time(fields: Fields, field: str) -> int:
    value: int = fields[field]
    if not 0 <= value <= LATEST:
        reject("number.out_of_range", f"{field} is {value}: send epoch milliseconds, 0 to {LATEST}")
    return value


READERS: Mapping[str, Callable[[Fields], Change]] = {
    "SchemaPublished": _published,
    "MigrationDecided": lambda fields: Decided(fields["approved"], _name(fields, "by"), _why(fields)),
    "MigrationDue": lambda fields: Due(_why(fields)),
    "MigrationExecuted": lambda _: Executed(),
    "MigrationVerified": lambda _: Verified(),
    "MigrationRolledBack": lambda fields: RolledBack(_why(fields)),
    "MigrationConfirmed": lambda _: Confirmed(),
}
KINDS = {f"{NAMESPACE}.{name}": Kind(EVENT_TYPES[name], read) for name, read in READERS.items()}
"""By the full name of the record."""
