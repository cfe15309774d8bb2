from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.dev.demo.sources import SOURCES, source_of
from workers.dev.demo.traffic import PUBLIC_TRACE, SEED, Traffic, choose_source
from workers.dev.sample.calls.spellings import SPELLINGS
from workers.dev.sample.records.poison import Poison
from workers.dev.sample.records.sampled import INVOCATION, TOKENS, Sampled
from workers.dev.sample.records.tally import Tally
from workers.dev.sample.stream import telemetry

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


@pytest.mark.parametrize("kind", SOURCES)
def test_the_calls_of_each_source_have_everything_that_a_bill_depends_on(kind: str, tmp_path: Path) -> None:
    items = Traffic(source_of(kind, tmp_path, 600)).items()
    sent = [item.fields for item in items if isinstance(item, Sampled) and item.record_name == TOKENS]
    for name in ("cached_tokens", "cache_write_tokens", "reasoning_tokens", "reported_cost_usd"):
        assert sum(fields.get(name) or 0 for fields in sent) > 0, name
    assert {fields["token_convention"] for fields in sent} == {None, "inclusive", "anthropic", "gemini"}
    assert {fields.get("service_tier") for fields in sent} == {None, "batch", "flex", "priority"}
    assert {(fields["provider"], fields["model_id"]) for fields in sent} >= {each[:2] for each in SPELLINGS}
    assert all(fields["prompt_tokens"] >= 0 and fields["completion_tokens"] >= 0 for fields in sent)


@pytest.mark.parametrize("kind", SOURCES)
def test_some_records_of_each_source_come_late_and_none_is_lost(kind: str, tmp_path: Path) -> None:
    source = source_of(kind, tmp_path, 600)
    records = [item for item in Traffic(source).items() if isinstance(item, Sampled)]
    latest, ended, late = 0, set(), Counter[str]()
    last_of_trace = {record.key: number for number, record in enumerate(records)}
    others_end: dict[str, int] = {}
    for number, (record_name, fields, key) in enumerate(records):
        if fields["timestamp"] < latest:
            late[fields["event_type"]] += 1
            if last_of_trace[key] == number and others_end[key] < number - 20:
                late["after the trace"] += 1
        if record_name == INVOCATION and fields["event_type"] != "llm.invocation.start":
            ended.add(fields["span_id"])
        elif fields["span_id"] in ended:
            late[f"{fields['event_type']} after its end"] += 1
        latest, others_end[key] = max(latest, fields["timestamp"]), number
    for name in ("llm.invocation.start", "llm.invocation.complete", "llm.tokens.consumed"):
        assert late[name] > 0, late
    for name in ("llm.invocation.start after its end", "llm.tokens.consumed after its end", "after the trace"):
        assert late[name] > 0, late
    in_time = sum(late[each] for each in ("llm.latency.measured", "llm.error.occurred", "llm.metrics.aggregated"))
    assert in_time == 0
    assert sorted(map(repr, records)) == sorted(map(repr, telemetry(source.calls, source=source.name, seed=SEED)))
