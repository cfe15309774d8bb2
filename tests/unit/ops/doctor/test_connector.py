from typing import Any

import pytest

from workers.config.settings import KafkaConnectSettings
from workers.ops.doctor.connector_checks import check_connector, judge_connector
from workers.ops.doctor.finding import State

ADDRESS = "http://connect:8083/connectors/registry"


def status(connector: str, *tasks: str) -> dict[str, Any]:
    trace = {"trace": "org.apache.kafka.ConnectException: the slot is in use\n\tat io.Debezium"}
    told = [{"id": at, "state": state} | (trace if state == "FAILED" else {}) for at, state in enumerate(tasks)]
    return {"connector": {"state": connector}, "tasks": told}


def test_a_password_in_the_address_is_not_repeated() -> None:
    (finding,) = check_connector(KafkaConnectSettings(url="http://ada:hidden@127.0.0.1:9"))
    assert "…@127.0.0.1:9" in finding.message
    assert "hidden" not in finding.message


def test_one_that_runs_with_all_its_tasks_is_in_order() -> None:
    assert judge_connector(status("RUNNING", "RUNNING"), ADDRESS).state is State.OK


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (None, f"is not registered; PUT workers/dev/stack/servers/connector.json to {ADDRESS}/config"),
        (status("PAUSED", "PAUSED"), f"connector is PAUSED; PUT {ADDRESS}/resume"),
        (status("STOPPED"), f"connector is STOPPED; PUT {ADDRESS}/resume"),
        (
            status("RUNNING", "RUNNING", "FAILED"),
            (
                "task 1 is FAILED (org.apache.kafka.ConnectException: the slot is in use); mend that, then POST "
                f"{ADDRESS}/restart?includeTasks=true&onlyFailed=true"
            ),
        ),
        (status("RUNNING"), "has no task; wait, and look at the log of Kafka Connect if it stays"),
        (
            status("RUNNING", "UNASSIGNED"),
            "task 0 is UNASSIGNED; wait, and look at the log of Kafka Connect if it stays",
        ),
    ],
)
def test_one_that_does_not_run_is_a_problem_with_a_fix(told: dict[str, Any] | None, message: str) -> None:
    finding = judge_connector(told, ADDRESS)
    assert (finding.state, finding.message) == (State.PROBLEM, message)


def test_one_whose_log_is_gone_is_not_sent_into_a_restart() -> None:
    told = status("RUNNING", "FAILED")
    told["tasks"][0]["trace"] = "io.debezium.DebeziumException: ..., but this is no longer available on the server."
    finding = judge_connector(told, ADDRESS)
    assert finding.state is State.PROBLEM
    assert "a restart does not help: helm/monitoring/DISASTERS.md" in finding.message
    assert "POST" not in finding.message


def test_a_connect_that_is_away_is_out_of_reach_and_none_at_all_is_not_asked() -> None:
    (finding,) = check_connector(KafkaConnectSettings(url="http://127.0.0.1:1"))
    assert finding.state is State.UNREACHABLE
    assert finding.message.startswith("Kafka Connect at http://127.0.0.1:1 does not answer")
    assert check_connector(KafkaConnectSettings()) == []
