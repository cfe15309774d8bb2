"""The rules: a burst of denials, reads of many contents in a short time, an access at an unusual hour."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from workers.pipelines.audit.alerts.alert import DENIED, READ, Access, Accesses, Alert, alert, merged
from workers.pipelines.audit.alerts.options import Alerts

BURST, MANY_CONTENTS, UNUSUAL_HOUR = "denial_burst", "many_contents", "unusual_hour"
RULES = (BURST, MANY_CONTENTS, UNUSUAL_HOUR)

HOUR_MS = 3_600_000
HOURS_A_DAY = 24


def alerts_of(accesses: Accesses, options: Alerts) -> list[Alert]:
    """Return the alerts about a user that may follow from fresh accesses."""
    if accesses.user_id in options.exempt_users:
        return []
    return merged([*_bursts(accesses, options), *_many(accesses, options), *_unusual(accesses, options)])


def _bursts(accesses: Accesses, options: Alerts) -> Iterator[Alert]:
    """Yield an alert for each denial that ends a window with too many of its classification."""
    denials = [each for each in accesses.around if each.event_type == DENIED]
    for classification in dict.fromkeys(each.classification for each in denials):
        times = [each.at for each in denials if each.classification == classification]
        for at, window in _windows(times, range(len(times)), options.denials.window_ms):
            if len(window) >= options.denials.count:
                yield alert(BURST, accesses.user_id, classification, at, len(window), options.denials.window_ms)


def _many(accesses: Accesses, options: Alerts) -> Iterator[Alert]:
    """Yield an alert for each read that ends a window with too many different contents."""
    reads = [each for each in accesses.around if each.event_type == READ]
    limits = options.many_contents
    for at, window in _windows([each.at for each in reads], [each.content_id for each in reads], limits.window_ms):
        if len(window) >= limits.count:
            yield alert(MANY_CONTENTS, accesses.user_id, None, at, len(window), limits.window_ms)


def _windows(times: list[int], values: Iterable[object], length_ms: int) -> Iterator[tuple[int, "Counter[object]"]]:
    """Yield each time with the values of the window that ends with it, counted; its beginning is not included."""
    window: Counter[object] = Counter()
    named = list(values)
    first = 0
    for last, at in enumerate(times):
        window[named[last]] += 1
        while times[first] <= at - length_ms:
            window[named[first]] -= 1
            if not window[named[first]]:
                del window[named[first]]
            first += 1
        yield at, window


def _unusual(accesses: Accesses, options: Alerts) -> Iterator[Alert]:
    """Yield an alert for each fresh access in an hour at which, an hour more or less, the user hardly ever works."""
    limits = options.unusual_hour
    history = Counter(accesses.hours)
    if history.total() < limits.history_events:
        return
    for each in accesses.fresh:
        hour = _hour(each)
        near = sum(history[(hour + beside) % HOURS_A_DAY] for beside in (-1, 0, 1))
        if near * 100 < limits.percent * history.total():
            yield alert(UNUSUAL_HOUR, accesses.user_id, None, each.at, near, HOUR_MS)


def _hour(access: Access) -> int:
    return datetime.fromtimestamp(access.at / 1000, UTC).hour
