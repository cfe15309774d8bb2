from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest

from workers.core.record import Decoded
from workers.dev.sample.audit.contents import IN_VAULT, Content, contents
from workers.dev.sample.audit.people import LEAVER
from workers.dev.sample.audit.stream import RECORD, audit
from workers.dev.sample.calls.source import imitated
from workers.dev.sample.records.sampled import INVOCATION, Sampled
from workers.dev.sample.stream import telemetry
from workers.pipelines.audit.alerts.alert import Access, Accesses
from workers.pipelines.audit.alerts.options import Alerts
from workers.pipelines.audit.alerts.rules import alerts_of
from workers.pipelines.audit.chain.canonical import FIELDS
from workers.pipelines.audit.read.parse import check_key, parse

NOON = 1_762_430_400_000
"""2025-11-06T12:00:00Z."""


@pytest.fixture(scope="module")
def calls() -> list[Sampled]:
    source = imitated(600, 1, NOON)
    return list(telemetry(source.calls, source=source.name, seed=1))


@pytest.fixture(scope="module")
def events(calls: list[Sampled]) -> list[Sampled]:
    return list(audit(list(contents(calls)), seed=1))


def whole(event: Sampled) -> dict[str, Any]:
    return {**dict.fromkeys(FIELDS), "details": {}, **event.fields}


def test_every_event_is_valid_and_keyed_as_the_worker_expects(events: list[Sampled]) -> None:
    for event in events:
        check_key(parse(Decoded(RECORD, whole(event)), NOON + 86_400_000), event.key.encode())
    kinds = Counter(event.fields["event_type"] for event in events)
    assert {"content.read", "content.write", "access.denied", "role.assigned", "key.rotated"} <= set(kinds)
    assert len({event.fields["audit_id"] for event in events}) == len(events)


def test_the_contents_are_those_of_the_calls_that_the_vault_keeps(calls: list[Sampled], events: list[Sampled]) -> None:
    kept = {
        f"prompt-{each.fields['trace_id']}-{each.fields['span_id']}"
        for each in calls
        if each.record_name == INVOCATION and each.fields["classification"] in IN_VAULT
    }
    written = {each.key for each in events if each.fields["event_type"] == "content.write"}
    assert {each for each in written if each.startswith("prompt-")} == kept
    known = written | {each.key for each in events if each.key.startswith("prompt-archive-")}
    assert {each.key for each in events if each.fields.get("content_id")} <= known


def test_the_events_are_in_the_order_of_time_and_the_same_again(calls: list[Sampled], events: list[Sampled]) -> None:
    times = [event.fields["timestamp"] for event in events]
    assert times == sorted(times)
    assert list(audit(list(contents(calls)), seed=1)) == events
    assert list(audit(list(contents(calls)), seed=2)) != events
    assert list(audit([], seed=1)) == []


def test_the_one_who_leaves_is_suspicious_and_nobody_else(events: list[Sampled]) -> None:
    of_user: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in map(whole, events):
        if event["event_type"] in {"content.read", "access.denied"}:
            of_user[event["user_id"]].append(event)
    suspicious = set()
    for user, accesses in of_user.items():
        around = [Access(e["event_type"], e["timestamp"], e["classification"], e["content_id"]) for e in accesses]
        for number, fresh in enumerate(around):
            hours = [datetime.fromtimestamp(each.at / 1000, UTC).hour for each in around[:number]]
            suspicious |= {(each.rule, user) for each in alerts_of(Accesses(user, [fresh], around, hours), Alerts())}
    assert suspicious == {("many_contents", LEAVER), ("unusual_hour", LEAVER)}


def test_a_content_has_its_size_and_its_writer() -> None:
    fields = {
        "event_type": "llm.invocation.complete", "trace_id": "t", "span_id": "s", "classification": "restricted",
        "user_id": None, "timestamp": 5, "completion_tokens": 7,
    }  # fmt: skip
    assert list(contents([Sampled(INVOCATION, fields, "t")])) == [
        Content("completion-t-s", "restricted", "anonymous", 5, 28)
    ]
    assert list(contents([Sampled(INVOCATION, {**fields, "classification": "internal"}, "t")])) == []
