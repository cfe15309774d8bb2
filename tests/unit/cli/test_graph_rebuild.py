import json
from typing import Any

import pytest
from typer.testing import CliRunner

from workers.adapters.graph import connection
from workers.cli.graph import app
from workers.core.errors import Misconfigured, ProblemsFound
from workers.ops.graph_check.finding import Finding, Kind, Place
from workers.ops.graph_check.report import Report
from workers.ops.graph_check.watermarks import Log, PartitionMark
from workers.ops.rebuild import plan as planning
from workers.ops.rebuild import run as running
from workers.ops.rebuild.plan import Plan, WorkerPlan
from workers.ops.rebuild.run import Outcome
from workers.ops.rebuild.sent_letters import RejectedHere

MARK = PartitionMark("audit", "events", 0, None, Log("id", 2, 20), 15, again=13, lag=18)
COST = Finding(Kind.COST, "Invocation t/s", "cost_usd", 1, 2, "reprice it", Place("calls", 0, 7, "t"))
INTO = ("--into", "bolt://new:7687")


class Rebuilding:
    """What the command gets from the packages below it."""

    def __init__(self, patch: pytest.MonkeyPatch, outcome: Outcome | None = None, obstacle: str | None = None) -> None:
        self.ran: list[Any] = []
        plan = Plan(begun=False, workers=[WorkerPlan("audit", [MARK], obstacle)])

        async def planned(*_: Any) -> Plan:
            return plan

        async def run(rebuild: running.Rebuild, *arguments: Any) -> Outcome:
            self.ran += [rebuild.settings.neo4j.uri, rebuild.names, *arguments]
            return outcome or Outcome(13, 2, [], Report(10))

        async def nothing(_: object, *__: object) -> None: ...

        patch.setattr(planning, "planned", planned)
        patch.setattr(running.Rebuild, "run", run)
        patch.setattr(connection.GraphConnection, "__aenter__", nothing)

    def command(self, *options: str) -> Any:
        return CliRunner().invoke(app, ["rebuild", *options])


def test_without_execute_it_only_shows_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilding = Rebuilding(monkeypatch)
    done = rebuilding.command(*INTO)
    assert (done.exit_code, rebuilding.ran) == (0, [])
    assert "nothing was written; --execute does it" in done.stdout
    document = json.loads(rebuilding.command(*INTO, "-o", "json").stdout)
    (audit,) = document["workers"]
    assert (document["into"], document["begun"], document["rebuilt"]) == ("bolt://new:7687", False, None)
    assert (audit["records"], audit["not_committed"], audit["removed"]) == (13, 5, 2)
    (partition,) = audit["partitions"]
    assert (partition["begin"], partition["committed"], partition["end"], partition["records"]) == (2, 15, 20, 13)


def test_a_rebuild_that_is_equal_says_how_to_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilding = Rebuilding(monkeypatch)
    done = rebuilding.command(*INTO, "--execute")
    assert done.exit_code == 0, done.exception
    assert "13 records folded, 2 dead letters left out." in done.stdout
    assert "set NEO4J_URI=bolt://new:7687" in done.stdout
    assert rebuilding.ran[0] == "bolt://new:7687"
    assert rebuilding.ran[-1] is None, "it does not follow"
    document = json.loads(rebuilding.command(*INTO, "--execute", "--follow", "-o", "json").stdout)
    assert (document["rebuilt"]["records"], document["rebuilt"]["verified"]["equal"]) == (13, True)
    assert rebuilding.ran[-1] is not None


@pytest.mark.parametrize("rejected", [True, False])
def test_a_difference_ends_with_1_and_does_not_say_to_switch(
    monkeypatch: pytest.MonkeyPatch, *, rejected: bool
) -> None:
    report = Report(10)
    if not rejected:
        report.add([COST])
    lost = [RejectedHere("telemetry", "calls", 0, 3, "field.missing")] if rejected else []
    done = Rebuilding(monkeypatch, Outcome(13, 2, lost, report)).command(*INTO, "--execute")
    assert isinstance(done.exception, ProblemsFound)
    assert "do not switch" in str(done.exception)
    assert ("field.missing" if rejected else "cost: reprice it") in done.stdout
    assert "To switch" not in done.stdout


def test_a_worker_that_cannot_be_rebuilt_must_be_left_out_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilding = Rebuilding(monkeypatch, obstacle="its records are gone: leave it out with --without audit")
    assert "records are gone" in " ".join(rebuilding.command(*INTO).stdout.split()), "the plan says it"
    done = rebuilding.command(*INTO, "--execute")
    assert isinstance(done.exception, Misconfigured)
    assert "audit cannot be rebuilt: its records are gone" in str(done.exception)
    assert rebuilding.ran == []
    assert rebuilding.command(*INTO, "--without", "audit").exit_code == 0


def test_a_graph_must_be_named_and_follow_needs_execute(monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilding = Rebuilding(monkeypatch)
    assert "NEW_NEO4J_URI" in str(rebuilding.command().exception)
    assert "--execute" in str(rebuilding.command(*INTO, "--follow").exception)
    wrong = rebuilding.command("--into", "http://new:7687")
    assert isinstance(wrong.exception, Misconfigured)
    assert str(wrong.exception).startswith("NEW_NEO4J_URI=http://new:7687 is not usable")
