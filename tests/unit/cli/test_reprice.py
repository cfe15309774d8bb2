import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from workers.cli import graph
from workers.ops.reprice.pages import Window

SUMS = {"invocations": 3, "differing": 2, "usd_before": Decimal("0.1"), "usd_after": Decimal("0.30000000")}
SAME = {"invocations": 1, "differing": 0, "usd_before": Decimal(0), "usd_after": Decimal(0)}
DIFFERENCE = {"total": SUMS, "by_model": {"gpt-4": SUMS, "same": SAME}}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Window, bool]]:
    windows: list[tuple[Window, bool]] = []

    async def reprice(window: Window, show: Any, *_: Any, write: bool) -> tuple[dict[str, Any], dict[str, int] | None]:
        windows.append((window, write))
        if show is not None:
            show(DIFFERENCE)
        return DIFFERENCE, {"written": 2, "changed_meanwhile": 1} if write else None

    monkeypatch.setattr(graph, "_reprice", reprice)
    return windows


def run(*options: str) -> str:
    result = CliRunner().invoke(graph.app, ["reprice", *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_help_has_an_example() -> None:
    assert "Example: memory-graph graph reprice" in CliRunner().invoke(graph.app, ["reprice", "--help"]).stdout


def test_the_difference_is_shown_and_nothing_written_unless_it_is_told_to(asked: list[tuple[Window, bool]]) -> None:
    shown = run("--since", "2023-11-14T22:13:20Z")
    assert "gpt-4" in shown
    assert "0.30000000" in shown
    assert "same" not in shown
    assert shown.endswith("nothing was written; --execute does it\n")
    assert asked == [(Window(1_700_000_000_000), False)]


def test_what_was_written_is_told_after_the_difference(asked: list[tuple[Window, bool]]) -> None:
    shown = run("--since", "2023-11-14T22:13:20", "--until", "2023-11-15", "--execute")
    assert shown.endswith("2 repriced, 1 left, as they changed meanwhile\n")
    assert asked == [(Window(1_700_000_000_000, 1_700_006_400_000), True)]


@pytest.mark.usefixtures("asked")
def test_programs_get_json() -> None:
    printed = json.loads(run("--since", "2023-11-14", "-o", "json"))
    assert printed["difference"]["by_model"]["gpt-4"]["usd_after"] == "0.30000000"
    assert printed["written"] is None


def test_a_time_that_is_none_is_wrong_usage() -> None:
    result = CliRunner().invoke(graph.app, ["reprice", "--since", "yesterday"])
    assert result.exit_code == 2
    with pytest.raises(typer.BadParameter, match="2026-01-31T18:00:00Z"):
        graph.instant("yesterday")


def test_a_time_without_a_zone_is_utc() -> None:
    assert graph.instant("2026-01-31T18:00:00") == datetime(2026, 1, 31, 18, tzinfo=UTC)
