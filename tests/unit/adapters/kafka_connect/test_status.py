from typing import Any

import pytest

from workers.adapters.kafka_connect.status import connector_status, is_running
from workers.config.settings import KafkaConnectSettings
from workers.core.errors import Unreachable


def status(connector: str, *tasks: str) -> dict[str, Any]:
    return {"connector": {"state": connector}, "tasks": [{"state": each} for each in tasks]}


@pytest.mark.parametrize(
    ("told", "running"),
    [
        (status("RUNNING", "RUNNING", "RUNNING"), True),
        (status("RUNNING", "RUNNING", "FAILED"), False),
        (status("PAUSED", "RUNNING"), False),
        (status("RUNNING"), False),
        (None, False),
    ],
)
def test_a_connector_runs_with_all_its_tasks_or_not_at_all(told: Any, *, running: bool) -> None:
    assert is_running(told) is running


def test_a_connect_that_does_not_answer_is_out_of_reach() -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9 does not answer"):
        connector_status(KafkaConnectSettings(url="http://127.0.0.1:9"), "registry")
