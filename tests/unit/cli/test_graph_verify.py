import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from workers.cli import graph_verify
from workers.cli.graph import app
from workers.core.errors import Misconfigured, ProblemsFound
from workers.ops.graph_check.context import Check
from workers.ops.graph_check.finding import Finding, Kind, Place
from workers.ops.graph_check.report import Report
from workers.ops.graph_check.watermarks import Log, Mark, PartitionMark

COST = Finding(Kind.COST, "Invocation t/s", "cost_usd", 1, 2, "reprice it", Place("calls", 0, 7, "t"))


def verified(monkeypatch: pytest.MonkeyPatch, report: Report, *options: str) -> tuple[Any, list[Any]]:
    asked: list[Any] = []

    def one_report(*request: Any) -> Report:
        asked.extend(request)
        return report

    monkeypatch.setattr(graph_verify, "_verified", one_report)
    return CliRunner().invoke(app, ["verify", *options]), asked


def a_report(*findings: Finding, limit: int = 10) -> Report:
    report = Report(limit)
    report.marks.append(PartitionMark("telemetry", "calls", 0, Mark(6, "id"), Log("id", 0, 9), lag=2))
    report.traces.compared, report.traces.by_label["Invocation"] = 3, 4
    report.add(findings)
    return report


def test_a_graph_without_a_difference_ends_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    done, _ = verified(monkeypatch, a_report())
    assert done.exit_code == 0, done.output
    assert "3 traces compared (1 of all, seed 0): 4 Invocation." in done.stdout
    assert "No difference." in done.stdout


def test_differences_end_with_1_and_say_where_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    done, _ = verified(monkeypatch, a_report(COST, COST, limit=1))
    assert isinstance(done.exception, ProblemsFound)
    assert done.exception.exit_code == 1
    assert "calls[0] 7" in done.stdout
    assert "cost: reprice it" in done.stdout
    assert "1 more are not shown: raise --limit" in done.stdout


def test_programs_get_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    done, _ = verified(monkeypatch, a_report(COST), "-o", "json")
    document = json.loads(done.stdout)
    assert (document["equal"], document["found"]) == (False, {"cost": 1})
    (difference,) = document["differences"]
    assert difference["place"] == {"topic": "calls", "partition": 0, "offset": 7, "trace_id": "t"}
    assert (difference["kind"], difference["expected"], difference["found"]) == ("cost", 1, 2)
    (mark,) = document["watermarks"]
    assert (mark["offset"], mark["end"], mark["lag"], mark["fault"]) == (6, 9, 2, None)


@pytest.mark.parametrize(
    ("options", "share"), [([], None), (["--all"], 1.0), (["--sample", "1%"], 0.01), (["--sample", "0.5"], 0.005)]
)
def test_the_share_of_the_traces_is_as_the_options_say(
    monkeypatch: pytest.MonkeyPatch, options: list[str], share: float | None
) -> None:
    assert verified(monkeypatch, a_report(), *options)[1][0] == share


@pytest.mark.parametrize("text", ["0", "101%", "-1", "some", "nan"])
def test_a_share_that_is_none_is_refused_with_the_fix(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write it like 1% or"):
        graph_verify.percent(text)


def test_options_that_exclude_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    done, _ = verified(monkeypatch, a_report(), "--all", "--sample", "1%")
    assert isinstance(done.exception, Misconfigured)


def test_checks_are_chosen_by_their_names() -> None:
    assert set(graph_verify.CHECKS) == {each.value for each in Check}
    assert graph_verify.checks_of(None) == graph_verify.checks_of(list(graph_verify.CHECKS)) == frozenset(Check)
    assert graph_verify.checks_of(["audit"]) == {Check.AUDIT}
    with pytest.raises(Misconfigured, match="give one of watermarks, audit, registry, traces, relationships"):
        graph_verify.checks_of(["costs"])
