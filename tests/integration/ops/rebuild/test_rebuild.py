"""``graph rebuild`` beside a live fleet: killed, continued, followed, compared, and switched to."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.end_to_end.program import until
from tests.integration.ops.rebuild.live import Live
from tests.integration.ops.rebuild.second_graph import second_graph
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack

TOKENS = "MATCH (w:Watermark) WHERE w.id CONTAINS $name RETURN w.id AS id, w.token AS token ORDER BY id"
FOLDED = "MATCH (w:Watermark) WHERE w.offset >= 0 RETURN sum(w.offset + 1) AS records"
PRICED = """
MATCH (i:Invocation)-[:USES_MODEL]->(m:Model {model_id: 'own-' + $name}) WHERE i.prompt_tokens > 0
RETURN count(CASE WHEN i.cost_usd > 0 THEN 1 END) AS priced
"""


@pytest.fixture
def live(stack: RunningStack, environment_of_the_stack: None, tmp_path: Path) -> Iterator[Live]:
    del environment_of_the_stack
    with second_graph(stack.environment) as target:
        live = Live(Settings.from_environment(), target, tmp_path, f"rb{uuid4().hex[:8]}")
        yield live
        live.tear_down()


def test_a_graph_is_rebuilt_beside_the_live_fleet_and_switched_to(live: Live) -> None:
    live.register_model()
    live.sent.send()
    with live.fleet("live.log") as fleet:
        live.until_caught_up(fleet)
        _release_a_key(live)
        live.until_caught_up(fleet)
        before, letters, kafka = live.query(live.live, TOKENS, name=live.name), live.letters(), live.kafka()

        plan = _planned(live)
        _kill_one(live)
        assert (live.letters(), live.kafka()) == (letters, kafka)
        assert live.query(live.live, TOKENS, name=live.name) == before

        live.topology()
        with live.rebuild("--execute", "--follow", "-o", "json") as rebuild:
            until(lambda: "follows it" in rebuild.log.read_text(), "it follows", fleet, rebuild)
            assert _folded(live) >= plan
            live.sent.send(traces=5)
            live.sent.call("parked", "1", -1)
            live.sent.call("parked", "2")
            live.until_caught_up(fleet)
            assert fleet.stop() == 0
            assert rebuild.stop() == 0, rebuild.tail()
    assert live.differences() == []
    assert f"ParkedKey {live.name}-parked" in live.graph(live.target)
    (priced,) = live.query(live.target, PRICED, name=live.name)
    assert priced["priced"] > 0, "the registry was folded before the calls"

    _switch(live)


def _release_a_key(live: Live) -> None:
    """Park a key, release it, and have the live fleet take its next record."""
    live.sent.call("released", "1", -1)
    live.sent.call("released", "2")
    until(lambda: len(live.letters()) and not live.lag("telemetry", "calls"), "the letters")
    key, why = f"{live.name}-released", ("--execute", "--why", "given up")
    code, _, said = live.command("dlq", "release", key, "--topic", f"{live.name}-calls", *why)
    assert code == 0, said
    live.sent.call("released", "3")


def _planned(live: Live) -> int:
    """Return how many records the plan says, which writes nothing; the live graph is refused."""
    code, plan, said = live.command("graph", "rebuild", "-o", "json", environment=live.rebuilding)
    assert code == 0, said
    assert (plan["begun"], plan["rebuilt"]) == (False, None)
    assert live.query(live.target, "MATCH (n) RETURN n LIMIT 1") == []
    code, _, said = live.command(
        "graph",
        "rebuild",
        "--into",
        live.live["NEO4J_URI"],
        environment={
            **live.rebuilding,
            "NEW_NEO4J_PASSWORD": live.live["NEO4J_PASSWORD"],
        },
    )
    assert (code, "is the live graph" in said) == (2, True), said
    return sum(each["records"] for each in plan["workers"])


def _kill_one(live: Live) -> None:
    """Kill a rebuild in the middle."""
    live.topology(slow=True)
    with live.rebuild("--execute") as rebuild:
        until(lambda: _folded(live), "the first batches", rebuild)
        rebuild.kill()
    live.topology()


def _more(checkpoints: dict[int, list[int]], before: dict[int, list[int]]) -> bool:
    """Tell whether each chain has another checkpoint."""
    return all(len(numbers) > len(before[chain]) for chain, numbers in checkpoints.items())


def _folded(live: Live) -> int:
    (row,) = live.query(live.target, FOLDED)
    return int(row["records"])


def _switch(live: Live) -> None:
    """Start the fleet with the new graph: it goes on there, nothing is lost or doubled."""
    before = live.checkpoints()
    with live.fleet("switched.log", live.target) as fleet:
        live.sent.send(traces=5)
        live.until_caught_up(fleet)
        until(lambda: _more(live.checkpoints(), before), "checkpoints", fleet)
        assert fleet.stop() == 0
    assert set(live.letters().values()) == {1}, "no dead letter twice"
    for numbers in live.checkpoints().values():
        assert numbers == list(range(1, len(numbers) + 1)), "the checkpoints go on"
    code, found, said = live.command(
        "graph", "verify", "--all", "-o", "json", environment=live.environment(live.target)
    )
    assert (code, found["equal"]) == (0, True), (found, said)
