"""Each input is in exactly one place: its ledger page or the dead letters."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.chaos.checking.anomaly import Anomaly, Finding
from tests.chaos.checking.checks_of_offsets import of_kind
from tests.chaos.checking.history import Line

TROUBLE = {"fault", "struck", "restarted"}
"""Each of these may cause a batch's dead letters to be sent once more."""


def without_lost(history: Sequence[Line]) -> list[Line]:
    """Leave out records that Kafka had taken and then lost: their producers have sent them again.

    A record that was sent again may have the very place of a lost one.
    """
    lost = [line for each in of_kind(history, "lost") for line in each["records"]]
    return [line for line in history if line not in lost]


def with_mirrored(history: Sequence[Line]) -> list[Line]:
    """Return the history with the offsets that records have at the second site, which has no aborted ones.

    Records that were sent there themselves, after the mirror's end, have theirs.
    """
    places: dict[int, int] = {}
    lines: list[Line] = []
    for line in reversed(history):
        if line["what"] == "mirrored":
            places = dict(line["places"])
        moved = {"offset": places[line["number"]]} if line["what"] == "produced" and line["number"] in places else {}
        lines.append(line | moved)
    return lines[::-1]


def with_what_waits(history: Sequence[Line]) -> list[Line]:
    """Return the history of a strict worker: what comes after a bad record of its key is no good record any more."""
    parked: dict[int, str] = {}
    bad: set[tuple[int, str]] = set()
    for line in sorted(of_kind(history, "produced"), key=lambda line: (line["partition"], line["offset"])):
        place = line["partition"], line["key"]
        if line["poison"]:
            bad.add(place)
        elif place in bad:
            parked[line["number"]] = "parked"
    return [
        line | {"poison": parked.get(line["number"], line["poison"])} if line["what"] == "produced" else line
        for line in history
    ]


def every_poison_is_in_the_dead_letters(history: Sequence[Line]) -> Iterator[Finding]:
    """Check that exactly the bad records are dead letters, and not too often."""
    found = Counter(letter["number"] for letter in of_kind(history, "dead_letter"))
    often = max(2, 1 + sum(line["what"] in TROUBLE for line in history))
    for line in of_kind(history, "produced"):
        place = f"record {line['number']} at {line['partition']}/{line['offset']} ({line['poison'] or 'good'})"
        times = found[line["number"]]
        if line["poison"] and not times:
            yield Finding(Anomaly.LOST, f"{place} is not in the dead letters")
        if times and not line["poison"]:
            yield Finding(Anomaly.WRONGLY_DEAD_LETTERED, place)
        if times > often:
            yield Finding(Anomaly.DEAD_LETTER_REPEATED, f"{place}: {times} times")


def dead_letters_are_unchanged(history: Sequence[Line]) -> Iterator[Finding]:
    """Check that key, value, headers and position of dead letters are unchanged."""
    places = {line["number"]: (line["partition"], line["offset"]) for line in of_kind(history, "produced")}
    for letter in of_kind(history, "dead_letter"):
        if not letter["intact"]:
            yield Finding(Anomaly.DEAD_LETTER_CHANGED, f"record {letter['number']} has other bytes")
        elif places[letter["number"]] != (letter["partition"], letter["offset"]):
            told = f"record {letter['number']} is from {places[letter['number']]}, says {letter['partition']}"
            yield Finding(Anomaly.DEAD_LETTER_CHANGED, told)


def every_page_holds_its_records_once_in_order(history: Sequence[Line]) -> Iterator[Finding]:
    """Check the ledger: ``numbers`` are in its state, ``times`` counts the records written."""
    expected = expected_pages(history)
    pages = {page["key"]: page for page in of_kind(history, "page")}
    for key, numbers in expected.items():
        page = pages.pop(key, None)
        if page is None:
            yield Finding(Anomaly.LOST, f"{key}: all of {_few(numbers)}")
            continue
        yield from _compare(key, numbers, page)
    for key in pages:
        yield Finding(Anomaly.DOUBLED, f"{key} should not be there")


def expected_pages(history: Sequence[Line]) -> dict[str, list[int]]:
    """Return the numbers of all good records by page, in log order."""
    lines = [line for line in of_kind(history, "produced") if not line["poison"]]
    lines.sort(key=lambda line: (line["partition"], line["life"], line["offset"]))
    pages: dict[str, list[int]] = {}
    for line in lines:
        pages.setdefault(line["page"], []).append(line["number"])
    return pages


def _compare(key: str, numbers: list[int], page: Line) -> Iterator[Finding]:
    found: list[int] = page["numbers"]
    missing, extra = Counter(numbers) - Counter(found), Counter(found) - Counter(numbers)
    if page["times"] > len(numbers):
        yield Finding(Anomaly.DOUBLED, f"{key}: the graph was told {page['times']} records of {len(numbers)}")
    if missing and page["times"] >= len(numbers):
        yield Finding(Anomaly.STATE_DIVERGED, f"{key}: the state has forgotten {_few(list(missing))}")
    elif missing:
        yield Finding(Anomaly.LOST, f"{key}: {_few(list(missing))}")
    elif page["times"] < len(numbers):
        yield Finding(Anomaly.LOST, f"{key}: the graph was told {page['times']} records of {len(numbers)}")
    if extra:
        yield Finding(Anomaly.DOUBLED, f"{key}: the state has seen {_few(list(extra))} again")
    if not missing and not extra and found != numbers:
        yield Finding(Anomaly.REORDERED, f"{key}: {_few(found)} instead of {_few(numbers)}")


def _few(numbers: list[int]) -> str:
    return f"{len(numbers)} records ({', '.join(map(str, numbers[:6]))}{', …' if len(numbers) > 6 else ''})"


IN_THE_END = (every_poison_is_in_the_dead_letters, dead_letters_are_unchanged)
