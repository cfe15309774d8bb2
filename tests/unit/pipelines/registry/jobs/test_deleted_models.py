"""Deleted models: found in use, kept in history once a deletion, and removed by a step each."""

import json

from workers.core.metric import Measurement
from workers.core.report import LogLine
from workers.pipelines.registry.jobs.deleted_in_use import DeletedInUse
from workers.pipelines.registry.jobs.purge_models import PURGE, PurgeModels
from workers.pipelines.registry.metrics import CONFLICTS

FIRST, SECOND = 1_700_000_000_000, 1_700_000_001_000
LABELS = ("deleted_model_in_use", "soft_delete_with_grace_period")


def test_each_deletion_of_a_used_model_is_counted_logged_and_kept_once() -> None:
    row = {"model_id": "m", "deletions": [FIRST, SECOND], "known": ["first"]}
    (step,) = DeletedInUse().steps([row], 0)
    counted, logged = step.effects
    assert counted == Measurement(CONFLICTS, 1, LABELS)
    assert isinstance(logged, LogLine)
    assert (logged.level, logged.fields["subject"]) == ("warning", "m")
    assert step.record
    (kept,) = step.record.parameters["found"]
    at = "2023-11-14T22:13:21.000Z"
    assert json.loads(kept) == {"at": at, "conflict": LABELS[0], "resolution": LABELS[1]}
    assert step.record.parameters["known"] == ["first"], "it must still be so when the step is stored"


def test_each_model_is_purged_in_a_step_of_its_own_and_named_in_the_log() -> None:
    rows = [{"model_id": model_id, "deleted_at": "then"} for model_id in ("a", "b")]
    steps = list(PurgeModels().steps(rows, 0))
    assert [step.record.parameters["model_id"] for step in steps if step.record] == ["a", "b"]
    assert {step.record.cypher for step in steps if step.record} == {PURGE}
    assert [effect.fields["model_id"] for step in steps for effect in step.effects if isinstance(effect, LogLine)] == [
        "a",
        "b",
    ]
