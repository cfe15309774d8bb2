"""Which schemas must be registered: all of a topic, from its first producer on."""

from pathlib import Path
from typing import Any

import pytest

from workers.config.settings import SchemaRegistrySettings
from workers.ops.doctor import schema_checks as module
from workers.ops.doctor.finding import State
from workers.pipelines.fleet import load_topology

TOPOLOGY = Path(__file__).parents[4] / "topology.yaml"
EVENTS = "llm-telemetry-events-com.llm.observatory.events"


class Registry:
    """A schema registry that has the subjects of one record."""

    def __init__(self, has: str) -> None:
        self._has = has

    async def registered_id(self, subject: str, _schema: Any) -> int | None:
        return 0 if self._has and subject.endswith(self._has) else None

    async def aclose(self) -> None:
        """Close nothing."""


async def states(monkeypatch: pytest.MonkeyPatch, has: str) -> dict[str, State]:
    monkeypatch.setattr(module, "SchemaRegistry", lambda _settings: Registry(has))
    found = await module.check_schemas(SchemaRegistrySettings(url="http://registry"), load_topology(TOPOLOGY))
    return {each.check: each.state for each in found}


async def test_before_the_first_producer_no_schema_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await states(monkeypatch, "")
    assert set(found.values()) == {State.OK}
    assert {"schemas of llm-telemetry-events", "schemas of audit-events"} <= found.keys()


async def test_a_schema_that_is_missing_beside_others_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await states(monkeypatch, "LLMTokenEvent")
    assert found[f"schema {EVENTS}.LLMTokenEvent"] is State.OK
    assert found[f"schema {EVENTS}.LLMErrorEvent"] is State.PROBLEM
    assert found["schemas of audit-events"] is State.OK
