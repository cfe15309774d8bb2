import json
from hashlib import sha256
from typing import Any

import pytest
import rfc8785

from workers.core.job import DeadLettersStep, PublishSigned, Step
from workers.pipelines.audit.checkpoints.checkpoint import Checkpoint, read_checkpoint
from workers.pipelines.audit.checkpoints.jobs import MakeCheckpoints, MeasureCheckpointAge
from workers.pipelines.audit.checkpoints.options import CheckpointOptions

NOW = 1_796_000_000_123
JOB = MakeCheckpoints("audit-events", "1", CheckpointOptions(every_events=50, every_seconds=60))
ROW = {
    "id": "audit-events/3/1",
    "partition": 3,
    "sequence": 120,
    "hash": "ab" * 32,
    "number": 4,
    "digest": "cd" * 32,
    "dead_letters": 9,
    "pending": None,
}
EXPECTED: dict[str, Any] = {
    "version": 1,
    "topic": "audit-events",
    "partition": 3,
    "chain_id": "1",
    "number": 5,
    "sequence": 120,
    "hash": "ab" * 32,
    "previous": "cd" * 32,
    "dead_letters": [17, 18],
    "created_at": "2026-11-30T00:53:20.123Z",
}


def kept() -> dict[str, Any]:
    (step,) = JOB.steps([ROW], NOW)
    assert isinstance(step, DeadLettersStep)
    assert (step.topic, step.partition, step.begin) == ("audit-events", 3, 9)
    return dict(step.record([17, 18], 11).parameters)


def test_a_checkpoint_is_kept_before_it_is_published() -> None:
    parameters = kept()
    assert json.loads(parameters["pending"]) == EXPECTED
    assert parameters["pending"].encode() == rfc8785.dumps(EXPECTED)
    assert (parameters["number"], parameters["dead_letters"]) == (5, 11)


def test_what_was_kept_is_published_with_the_same_bytes_again_and_its_digest_is_stored() -> None:
    pending = kept()["pending"]
    for at in (NOW, NOW + 90_000):
        (step,) = JOB.steps([{**ROW, "pending": pending}], at)
        assert isinstance(step, Step)
        (effect,) = step.effects
        assert isinstance(effect, PublishSigned)
        assert (effect.topic, effect.key, effect.value) == ("audit-checkpoints", b"audit-events/3/1", pending.encode())
        assert (effect.mount, effect.signing_key, effect.hold) == ("transit", "memory-graph-audit", True)
        assert step.record is not None
        assert step.record.parameters["digest"] == sha256(pending.encode()).hexdigest()
        assert (step.record.parameters["number"], step.record.parameters["sequence"]) == (5, 120)


def test_a_checkpoint_is_due_after_its_time_or_its_events() -> None:
    parameters = JOB.query(NOW).parameters
    assert (parameters["before"], parameters["events"]) == (NOW - 60_000, 50)


def test_the_age_of_each_checkpoint_is_measured() -> None:
    job = MeasureCheckpointAge("audit-events", "1")
    (step,) = job.steps([{"partition": 0, "since": NOW - 1_500}, {"partition": 1, "since": NOW + 5}], NOW)
    assert [each[1:3] for each in step.effects] == [(1.5, ("0",)), (0.0, ("1",))]
    assert step.record is None


@pytest.mark.parametrize(
    "value", [None, b"", b"{}", b"[1]", json.dumps(EXPECTED).encode(), rfc8785.dumps({**EXPECTED, "more": 1})]
)
def test_what_is_no_checkpoint_in_canonical_form_is_none(value: bytes | None) -> None:
    assert read_checkpoint(value) is None


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    checkpoint = read_checkpoint(rfc8785.dumps(EXPECTED))
    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.canonical == rfc8785.dumps(EXPECTED)
    assert checkpoint.digest == sha256(rfc8785.dumps(EXPECTED)).hexdigest()
