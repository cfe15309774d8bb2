from datetime import UTC, datetime, timedelta
from pathlib import Path

from workers.dev.demo.traffic import PUBLIC_TRACE, Traffic, choose_source
from workers.dev.sample.records.poison import Poison
from workers.dev.sample.records.tally import Tally

CSV = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04,3180,8\n"
NOON = datetime(2026, 11, 23, 15, tzinfo=UTC)


def project(folder: Path) -> Path:
    path = folder / "project"
    path.mkdir()
    return path


def test_the_public_trace_is_taken_where_it_lies_beside_the_project(tmp_path: Path) -> None:
    here = project(tmp_path)
    trace = here / PUBLIC_TRACE
    trace.parent.mkdir(parents=True)
    trace.write_text(CSV, encoding="utf-8")
    assert [call.prompt_tokens for call in choose_source(here, None, 8_819, NOON).calls] == [4808, 3180]


def test_a_file_that_is_named_wins_and_count_limits_it(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(CSV, encoding="utf-8")
    assert len(list(choose_source(project(tmp_path), own, 1, NOON).calls)) == 1


def test_without_a_trace_it_is_imitated_from_yesterday_noon_on(tmp_path: Path) -> None:
    source = choose_source(project(tmp_path), None, 100, NOON)
    calls = list(source.calls)
    assert len(calls) == 100
    assert calls[0].timestamp == datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000
    assert choose_source(tmp_path, None, 100, NOON + timedelta(hours=3)).name == source.name
    assert choose_source(tmp_path, None, 100, NOON + timedelta(days=1)).name != source.name


def test_traffic_notes_its_traces_and_has_bad_records(tmp_path: Path) -> None:
    traffic, tally = Traffic(choose_source(tmp_path, None, 500, NOON)), Tally()
    items = list(traffic.items())
    for item in items:
        tally.count(item)
    assert len(traffic.trace_ids) == tally.roots
    assert sum(isinstance(item, Poison) for item in items) == tally.poison.total() > 10
