"""How the filters of ``memory-graph dlq`` are read."""

from datetime import UTC, datetime

import pytest

from workers.core.errors import Misconfigured
from workers.core.record import ConsumedRecord
from workers.ops.dead_letters.letter import letter_of
from workers.ops.dead_letters.selection import Selection, offset_range, point_in_time, stages

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90m", datetime(2026, 3, 10, 10, 30, tzinfo=UTC)),
        ("2d", datetime(2026, 3, 8, 12, tzinfo=UTC)),
        ("30s", datetime(2026, 3, 10, 11, 59, 30, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T08:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T08:00+02:00", datetime(2026, 3, 1, 6, tzinfo=UTC)),
    ],
)
def test_a_time_is_absolute_or_an_age(text: str, at: datetime) -> None:
    assert point_in_time("--since", text, NOW) == at.timestamp() * 1000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "d",
        "yesterday",
        "2x",
        "-1d",
        "2026-13-01",
        "99999999999d",
        "999999999d",
        "\N{SUPERSCRIPT TWO}d",
        "9" * 5_000 + "d",
    ],
)
def test_another_text_is_no_time(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"--since is .* write a time such as"):
        point_in_time("--since", text, NOW)


@pytest.mark.parametrize(("text", "offsets"), [("7", (7, 7)), ("7-19", (7, 19)), ("0-0", (0, 0))])
def test_an_offset_range_includes_both_ends(text: str, offsets: tuple[int, int]) -> None:
    assert offset_range(text) == offsets


@pytest.mark.parametrize("text", ["", "-", "-7", "7-x", "a", "\N{SUPERSCRIPT TWO}", "9" * 5_000])
def test_another_text_is_no_offset(text: str) -> None:
    with pytest.raises(Misconfigured, match="--offset is"):
        offset_range(text)


def test_stages_may_be_written_in_small_letters() -> None:
    assert stages(["decode", "WRITE"]) == {"DECODE", "WRITE"}
    with pytest.raises(Misconfigured, match="--stage is 'parse': choose from DECODE"):
        stages(["parse"])


def test_only_the_filters_that_are_set_are_described() -> None:
    assert Selection().described() == {}
    chosen = Selection(codes=frozenset({"b", "a"}), keys=frozenset({b"k\xff"}), partition=0, offsets=(7, 19), since=5)
    assert chosen.described() == {"codes": "a, b", "keys": "k\\xff", "partition": "0", "offsets": "7-19", "since": "5"}


def test_stages_of_kafka_connect_are_known() -> None:
    assert stages(["value_converter", "decode"]) == {"VALUE_CONVERTER", "DECODE"}


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        (Selection(places={(2, 7)}), [7]),
        (Selection(places={(2, 8), (7, 2)}), [8]),
        (Selection(places=()), []),
        (Selection(kind=("unknown", "unknown", "unknown")), [7, 8]),
        (Selection(kind=("unknown", "unknown", "telemetry")), []),
        (Selection(kind=("unknown", "unknown", "unknown"), places={(2, 8)}), [8]),
    ],
)
def test_single_letters_and_kinds_are_selected_exactly(selection: Selection, selected: list[int]) -> None:
    letters = [letter_of(ConsumedRecord("events.dlq", 2, offset, 5, b"key", b"value")) for offset in (7, 8)]
    assert [each.record.offset for each in letters if each in selection] == selected


def test_of_many_places_only_the_first_are_described() -> None:
    kind = ("field.missing", "VALIDATE", "telemetry")
    chosen = Selection(kind=kind, places=frozenset((1, offset) for offset in range(1_000)))
    described = chosen.described()
    assert described["kind"] == "field.missing-VALIDATE-telemetry"
    assert described["places"].startswith("1-0, 1-1, 1-2, ")
    assert described["places"].endswith(" and 980 more")
    assert Selection(places=frozenset({(2, 7)})).described() == {"places": "2-7"}
