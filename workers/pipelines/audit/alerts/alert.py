"""A security alert, and the accesses from which it follows."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

DENIED = "access.denied"
READ = "content.read"


class Access(NamedTuple):
    """An access of a user, granted or denied, at a time in epoch milliseconds."""

    event_type: str
    at: int
    classification: str | None
    content_id: str | None


class Accesses(NamedTuple):
    """The accesses of one user around those that are new.

    ``fresh``   those that are new, by time
    ``around``  all within a window's length of a fresh one, these included
    ``hours``   the hours of the day, UTC, of earlier accesses to contents
    """

    user_id: str
    fresh: Sequence[Access]
    around: Sequence[Access]
    hours: Sequence[int]

    @classmethod
    def of(cls, row: Any) -> "Accesses":
        """Return the accesses of a row of the query."""
        fresh, around = ([Access(*each) for each in row[name]] for name in ("fresh", "around"))
        return cls(row["user_id"], sorted(fresh, key=_time), sorted(around, key=_time), row["hours"])


def _time(access: Access) -> int:
    return access.at


class Alert(NamedTuple):
    """One alert of a rule about a user: when the rule first held in the window of its id, and by how many events.

    A rule that holds again in the same window is the same alert, so that a replay raises none twice.
    """

    id: str
    rule: str
    user_id: str
    classification: str | None
    at: int
    events: int


def alert(rule: str, user_id: str, classification: str | None, at: int, events: int, window_ms: int) -> Alert:  # noqa: PLR0913, PLR0917 - its columns
    """Return an alert with the id of its window; windows of one length follow each other from the epoch."""
    parts = (rule, quote(user_id, safe=""), classification or "", str(at // window_ms * window_ms))
    return Alert("/".join(parts), rule, user_id, classification, at, events)


def merged(alerts: Iterable[Alert]) -> list[Alert]:
    """Return one alert for each id: the earliest time and the most events."""
    found: dict[str, Alert] = {}
    for each in alerts:
        known = found.setdefault(each.id, each)
        found[each.id] = known._replace(at=min(known.at, each.at), events=max(known.events, each.events))
    return list(found.values())
