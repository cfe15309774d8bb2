"""Checks of watermarks, commits, fences, readers and memory, which must hold at all times."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from tests.chaos.checking.anomaly import Anomaly, Finding
from tests.chaos.checking.history import Line

MEMORY_BOUND_MIB = 400


def of_kind(history: Iterable[Line], what: str) -> list[Line]:
    return [line for line in history if line["what"] == what]


def without_restoring(history: Sequence[Line]) -> Iterator[Line]:
    """Leave out what is seen while a graph is restored or emptied: it is neither the old graph nor the new one."""
    restoring = False
    for line in history:
        if line["what"] in {"restoring", "restored"}:
            restoring = line["what"] == "restoring"
        if line["what"] not in {"seen", "half", "chains"} or not restoring:
            yield line


def watermarks_never_go_back(history: Sequence[Line]) -> Iterator[Finding]:
    """Check that epochs, and offsets within an epoch, never decrease, except after a restore."""
    last: dict[str, tuple[int, int]] = {}
    for line in without_restoring(history):
        if line["what"] == "restored":
            last = {}
        if line["what"] != "seen":
            continue
        for partition, (offset, epoch, _) in line["watermarks"].items():
            before = last.get(partition, (-1, -1))
            if (epoch, offset) < before:
                told = f"partition {partition}: from {before[1]} to {offset} in epoch {epoch}"
                yield Finding(Anomaly.WATERMARK_BACK, told)
            last[partition] = (epoch, offset)


def commits_never_go_back(history: Sequence[Line]) -> Iterator[Finding]:
    """Check that commits never decrease, except after a rewind or lost data."""
    last: dict[str, int] = {}
    for line in without_late_commits(history):
        if line["what"] in {"rewound", "recreated", "restored"}:
            last = {}
        if line["what"] == "seen":
            for partition, offset in line["committed"].items():
                if offset < last.get(partition, 0):
                    yield Finding(Anomaly.COMMIT_BACK, f"partition {partition}: from {last[partition]} to {offset}")
                last[partition] = offset


def commits_never_run_ahead(history: Sequence[Line]) -> Iterator[Finding]:
    for line in of_kind(without_late_commits(history), "seen"):
        for partition, offset in line["committed"].items():
            watermark = line["watermarks"].get(partition, (-1, 0, ""))[0]
            if offset > watermark + 1:
                yield Finding(Anomaly.COMMIT_AHEAD, f"partition {partition}: {offset}, watermark {watermark}")


def without_late_commits(history: Sequence[Line]) -> Iterator[Line]:
    """Leave out late commits, which belong to an earlier topic or graph.

    Kafka cannot distinguish them, so they cannot be prevented: workers that read them must ignore them. After the
    graph was restored or emptied, a partition's commits count again from the first one that is not as before and not
    ahead of the graph: an old one stays until the next commit, and the graph may have passed it by then.
    """
    last: dict[str, int] = {}
    late: dict[str, int] = {}
    old: dict[str, set[int]] = {}
    for line in without_restoring(history):
        if line["what"] == "recreated":
            late = last
        if line["what"] == "restored":
            old = _commits_before(line, history)
        if line["what"] == "seen":
            last = line["committed"]
            for number, at in last.items():
                if at > line["watermarks"].get(number, (-1, 0, ""))[0] + 1 and number in old:
                    old[number].add(at)
                elif at not in old.get(number, ()):
                    old.pop(number, None)
            counted = {number: at for number, at in last.items() if at != late.get(number) and number not in old}
            yield {**line, "committed": counted}
        else:
            yield line


def _commits_before(moment: Line, history: Sequence[Line]) -> dict[str, set[int]]:
    """Return every commit that was seen before a moment, by partition."""
    commits: dict[str, set[int]] = {number: set() for line in of_kind(history, "seen") for number in line["committed"]}
    for line in of_kind(takewhile(lambda each: each is not moment, history), "seen"):
        for number, at in line["committed"].items():
            commits[number].add(at)
    return commits


def all_is_at_the_logs_end(history: Sequence[Line]) -> Iterator[Finding]:
    for line in of_kind(history, "stuck"):
        yield Finding(Anomaly.STUCK, line["told"])


def nobody_writes_after_another_has_claimed(history: Sequence[Line]) -> Iterator[Finding]:
    """Check the fence. ``began`` is the time before a claim or write is sent, ``at`` that of its answer."""
    claims = of_kind(history, "claimed")
    made = {(claim["partition"], claim["token"]): claim["at"] for claim in claims}
    for write in of_kind(history, "wrote"):
        own = made[write["partition"], write["token"]]
        others = [
            claim
            for claim in claims
            if claim["partition"] == write["partition"] and own < claim["began"] < claim["at"] < write["began"]
        ]
        if others:
            told = (
                f"partition {write['partition']}: process {write['pid']} wrote up to {write['through']} "
                f"{write['began'] - others[0]['at']:.2f} s after process {others[0]['pid']} had claimed it"
            )
            yield Finding(Anomaly.FENCE_BROKEN, told)


def no_reader_sees_half(history: Sequence[Line]) -> Iterator[Finding]:
    for line in of_kind(without_restoring(history), "half"):
        yield Finding(Anomaly.HALF_SEEN, f"{line['count']} nodes, such as {', '.join(line['keys'][:2])}")


def memory_stays_bounded(history: Sequence[Line]) -> Iterator[Finding]:
    bounds = of_kind(history, "memory_bound")
    bound = bounds[-1]["mib"] if bounds else MEMORY_BOUND_MIB
    for line in of_kind(history, "memory"):
        if line["mib"] > bound:
            yield Finding(Anomaly.MEMORY, f"process {line['pid']}: {line['mib']} MiB, bound {bound}")


AT_EVERY_MOMENT = (
    watermarks_never_go_back,
    commits_never_go_back,
    commits_never_run_ahead,
    all_is_at_the_logs_end,
    nobody_writes_after_another_has_claimed,
    no_reader_sees_half,
    memory_stays_bounded,
)
