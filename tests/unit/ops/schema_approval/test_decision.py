import getpass

import pytest

from workers.core.errors import Misconfigured, ProblemsFound
from workers.ops.schema_approval.decision import decision, waiting
from workers.ops.schema_approval.listed import Listed
from workers.pipelines.evolution.limits import MAX_WHY_BYTES


def listed(state: str, version: str = "2", by: str | None = None) -> Listed:
    name = f"tool@{version}#abc"
    return Listed(name, "tool", version, "1", "breaking", "because", state, "2026-01-01Z", by, None, None, None)


@pytest.mark.parametrize("state", ["AWAITING_APPROVAL", "BUFFERED"])
def test_what_waits_may_be_decided(state: str) -> None:
    assert waiting([listed("REJECTED"), listed(state)], "tool", "2") == ("tool@2#abc", "tool", "2")


def test_what_does_not_exist_is_wrong_usage_with_the_fix() -> None:
    with pytest.raises(Misconfigured, match=r"'tool' has no migration to version '9': `memory-graph registry list`"):
        waiting([], "tool", "9")


@pytest.mark.parametrize("state", ["SCHEDULED", "EXECUTED", "VERIFIED", "CONFIRMED", "ROLLED_BACK", "REJECTED"])
def test_what_waits_for_nobody_is_refused(state: str) -> None:
    with pytest.raises(ProblemsFound, match=rf"tool@2#abc is {state} \(decided by ada\) and waits for no decision"):
        waiting([listed(state, by="ada")], "tool", "2")


def test_who_decides_is_the_user_where_nobody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    assert decision(approved=True, by=None, why=" planned ") == (True, "ada", "planned")
    assert decision(approved=False, by="bob", why="early") == (False, "bob", "early")


def test_a_user_without_a_name_must_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1001")

    monkeypatch.setattr(getpass, "getuser", nameless)
    with pytest.raises(Misconfigured, match="--by NAME"):
        decision(approved=True, by=None, why="planned")


@pytest.mark.parametrize(
    ("by", "why", "message"),
    [
        ("ada", " ", "--why is empty"),
        ("", "planned", "--by is empty"),
        ("ada", "a" * (MAX_WHY_BYTES + 1), f"write at most {MAX_WHY_BYTES}"),
        ("\udcff", "planned", "--by is no valid text"),
    ],
)
def test_what_the_worker_would_turn_away_is_refused_at_once(by: str, why: str, message: str) -> None:
    with pytest.raises(Misconfigured, match=message):
        decision(approved=True, by=by, why=why)
