"""States that were stored by earlier versions are read as they were meant."""

from tests.unit.pipelines.registry.test_merging import Play
from workers.pipelines.registry.fold.model_state import ModelState
from workers.pipelines.registry.fold.state import RegistryState


def test_a_model_without_clock_alias_periods_and_deletions_has_those_of_its_row() -> None:
    play = Play()
    play.model(clock={"eu": 1}, metadata={"aliases": ["x"], "capabilities": ["chat"]})
    play.delete("models", "m")
    (stored,) = play.table.states.values()
    now = RegistryState.load(stored).subject
    assert isinstance(now, ModelState)
    *before, capabilities, history, _clock, _alias_periods, _deletions = now.dump()
    assert ModelState.load([*before, capabilities[:3], history]).dump() == now.dump()
    assert now.deletions == [now.deleted_at]
    assert [aliases for _, aliases in now.alias_periods.history()] == [("x",)]


def test_a_model_that_only_parts_are_known_of_has_none() -> None:
    play = Play()
    play.capability("chat")
    (stored,) = play.table.states.values()
    now = RegistryState.load(stored).subject
    assert isinstance(now, ModelState)
    assert ModelState.load(now.dump()[:-3]).dump() == now.dump()
