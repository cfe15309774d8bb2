"""Which dead letters a command is about."""

import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from workers.adapters.kafka.foreign_headers import CONNECT_STAGES
from workers.core.errors import Misconfigured
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage
from workers.ops.dead_letters.letter import Letter

MOST_DESCRIBED = 20
"""Values of one filter in a description."""
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
AGE = re.compile(r"([0-9]{1,9})([smhd])")
OFFSETS = re.compile(r"([0-9]{1,19})(?:-([0-9]{1,19})?)?")


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters; an empty one selects everything, and all must hold.

    ``codes``       dead-letter codes; the end of a code may be left out: ``avro`` is every code of ``avro.``
    ``partition``   the partition, and ``offsets`` the offsets ``(first, last)``, of the dead letter itself
    ``since``, ``until``  the Kafka timestamp, epoch milliseconds; ``until`` is not included. It is the timestamp of the
                    record that failed, or of its failure where the record was older than six days
    ``kind``        exactly this code, stage and worker
    ``places``      only the letters at these partitions and offsets; without any, nothing
    """

    codes: Collection[str] = ()
    stages: Collection[str] = ()
    workers: Collection[str] = ()
    keys: Collection[bytes] = ()
    partition: int | None = None
    offsets: tuple[int, int] | None = None
    since: int | None = None
    until: int | None = None
    kind: tuple[str, str, str] | None = None
    places: Collection[tuple[int, int]] | None = None

    def described(self) -> dict[str, str]:
        """Return the filters that are set, as text by name."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _text(value) for name, value in values.items() if value not in (None, (), frozenset())}

    def __contains__(self, letter: Letter) -> bool:
        return self.takes_kind(letter.code, letter.stage, letter.worker) and self.takes_record(letter.record)

    def takes_kind(self, code: str, stage: str, worker: str) -> bool:
        """Tell whether letters of this code, stage and worker are selected, as far as these decide."""
        return (
            (not self.codes or any(code == each or code.startswith(f"{each}.") for each in self.codes))
            and _one_of(stage, self.stages)
            and _one_of(worker, self.workers)
            and (self.kind is None or self.kind == (code, stage, worker))
        )

    @property
    def by_record(self) -> bool:
        """Tell whether key, place or time of the record decide, too."""
        return bool(self.keys) or any(
            limit is not None for limit in (self.partition, self.offsets, self.since, self.until, self.places)
        )

    def takes_record(self, record: ConsumedRecord) -> bool:
        """Tell whether this record is selected, as far as its key, place and time decide."""
        return (
            (not self.keys or record.key in self.keys)
            and (self.partition is None or record.partition == self.partition)
            and (self.offsets is None or self.offsets[0] <= record.offset <= self.offsets[1])
            and (self.since is None or record.timestamp >= self.since)
            and (self.until is None or record.timestamp < self.until)
            and (self.places is None or (record.partition, record.offset) in self.places)
        )


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, set | frozenset):
        more = len(value) - MOST_DESCRIBED
        return ", ".join(map(_text, sorted(value)[:MOST_DESCRIBED])) + (f" and {more:,} more" if more > 0 else "")
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _one_of(value: str, wanted: Collection[str]) -> bool:
    return not wanted or value in wanted


def point_in_time(option: str, text: str, now: datetime) -> int:
    """Read a time in ISO 8601 (UTC without an offset), or an age such as ``90m`` or ``2d``; epoch milliseconds.

    Raises ``Misconfigured`` that names the option.
    """
    try:
        if age := AGE.fullmatch(text):
            return _ms(now - timedelta(**{UNITS[age[2]]: int(age[1])}))
        at = datetime.fromisoformat(text)
        return _ms(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):  # there is no time before the year 1
        raise Misconfigured(
            f"{option} is {text!r}: write a time such as 2026-01-31T08:00, or an age such as 90m or 2d"
        ) from None


def stages(names: Collection[str]) -> frozenset[str]:
    """Read stages of ours or of Kafka Connect, in capitals or not. Raises ``Misconfigured``."""
    known = *Stage, *CONNECT_STAGES
    for name in names:
        if name.upper() not in known:
            raise Misconfigured(f"--stage is {name!r}: choose from {', '.join(known)}")
    return frozenset(name.upper() for name in names)


def offset_range(text: str) -> tuple[int, int]:
    """Read ``7`` or ``7-19``, which includes both. Raises ``Misconfigured``."""
    found = OFFSETS.fullmatch(text)
    if found is None:
        raise Misconfigured(f"--offset is {text!r}: write an offset such as 7, or a range such as 7-19")
    return int(found[1]), int(found[2] or found[1])


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
