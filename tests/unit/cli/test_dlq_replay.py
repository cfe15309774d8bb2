"""What ``memory-graph dlq replay`` refuses, prints and ends with."""

import json
from collections import Counter
from typing import Any

import pytest
from typer.testing import CliRunner

from workers.cli import dlq, dlq_replay
from workers.core.errors import Misconfigured, ProblemsFound
from workers.ops.dead_letters.replaying import carry_out
from workers.ops.dead_letters.replaying.replay_tally import Tally
from workers.ops.dead_letters.replaying.verdict import Rules, Verdict

TOPIC = ("--topic", "llm-telemetry-events")
ACT = ("--execute", "--why", "a test", "--as", "anna")
SENT = Tally(Counter({(Verdict.SEND, "avro.enum"): 2}), repairs=[{"status": ("FAILED", "ERROR")}], overtaken=1)
LEFT_OUT = Tally(Counter({(Verdict.SEND, "avro.enum"): 2, (Verdict.FAILS, "avro.enum"): 3}), Counter({"bad": 3}))


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """The replays and orders that were asked for; each sends two letters."""
    asked: list[tuple[Any, Any]] = []

    def replayed(_settings: Any, _topology: Any, replay: Any, order: Any) -> Tally:
        asked.append((replay, order))
        return SENT

    monkeypatch.setattr(dlq_replay, "_replayed", replayed)
    monkeypatch.setattr(carry_out, "rules_of", lambda _kafka, topics, *rest: Rules(dict.fromkeys(topics, 1), *rest))
    return asked


def run(*options: str) -> str:
    result = CliRunner().invoke(dlq.app, ["replay", *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_without_execute_nobody_replays(replays: list[tuple[Any, Any]]) -> None:
    assert 'Nothing was sent; add --execute --why "..." to do it.' in run(*TOPIC)
    ((_, order),) = replays
    assert order.who is None


def test_the_plan_says_what_is_repaired_and_what_would_come_too_late(replays: list[tuple[Any, Any]]) -> None:
    printed = run(*TOPIC, "--fix", "status=ERROR")
    assert "repaired: status: 'FAILED' -> 'ERROR'" in printed
    assert "1 keys have later records already" in printed
    ((_, order),) = replays
    assert order.patches == [{"status": "ERROR"}]


def test_programs_get_json(replays: list[tuple[Any, Any]]) -> None:
    done = json.loads(run(*TOPIC, *ACT, "--rate", "5", "--limit", "2", "--max-replays", "4", "-o", "json"))
    ((replay, order),) = replays
    assert done == {
        "executed": True,
        "replay_id": order.who.replay_id,
        "letters": [{"topic": f"{TOPIC[1]}.dlq", "letters": 2, "code": "avro.enum", "what": "is sent"}],
        "faults": {},
        "repairs": [{"status": ["FAILED", "ERROR"]}],
        "overtaken_keys": 1,
    }
    assert (order.who.by, order.who.why, order.rate) == ("anna", "a test", 5)
    assert (replay.limit, replay.rules.max_replays) == (2, 4)


@pytest.mark.usefixtures("replays")
def test_letters_that_are_left_out_are_a_problem_when_it_has_acted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlq_replay, "_replayed", lambda *_: LEFT_OUT)
    assert "3 would fail again, such as: bad" in run(*TOPIC)
    result = CliRunner().invoke(dlq.app, ["replay", *TOPIC, *ACT])
    assert isinstance(result.exception, ProblemsFound)
    assert "3 dead letters were not sent" in str(result.exception)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--to", "elsewhere"], "--to elsewhere: it is not in topology.yaml; allow it with --allow-topic elsewhere"),
        (["--fix", "status=ERROR"], "--topic is missing"),
        ([*TOPIC, "--execute"], "--why is missing"),
    ],
)
def test_what_is_refused(replays: list[tuple[Any, Any]], options: list[str], problem: str) -> None:
    result = CliRunner().invoke(dlq.app, ["replay", *options])
    assert isinstance(result.exception, Misconfigured)
    assert problem in str(result.exception)
    assert replays == []


def test_a_trial_goes_to_an_allowed_topic(replays: list[tuple[Any, Any]]) -> None:
    run(*TOPIC, "--to", "elsewhere", "--allow-topic", "elsewhere")
    ((replay, _),) = replays
    assert replay.rules.target == "elsewhere"


def test_progress_says_how_much_time_is_left() -> None:
    shown = dlq_replay._progress("events.dlq", LEFT_OUT, letters=20, seconds=10.0)  # noqa: SLF001 - for a terminal
    assert shown == "events.dlq: 5 of 20 dead letters, 30 s left"
