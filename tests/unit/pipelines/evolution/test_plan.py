from collections.abc import Sequence

from tests.unit.pipelines.evolution.decisions import Table, named, published, then
from workers.core.statement import Statement
from workers.pipelines.evolution.events import Executed, RolledBack
from workers.pipelines.evolution.jobs.find_versions import FindVersions
from workers.pipelines.evolution.options import EvolutionOptions, Migrate
from workers.pipelines.evolution.worker import build
from workers.pipelines.evolution.write import statements as write


def rows(plan: Sequence[Statement]) -> dict[str, list[list[object]]]:
    return {statement.name: [list(row) for row in statement.rows] for statement in plan}


def test_a_version_that_is_only_published_is_written_and_moves_nothing() -> None:
    planned = rows(Table().take([published("1", models=["m"])]))
    assert planned.pop(write.MIGRATIONS.name)[0][:4] == [named("1"), "tool", "tool@1", "SCHEDULED"]
    assert not any(planned.values())


def test_an_executed_one_moves_its_schema_with_the_models_that_it_names() -> None:
    table = Table()
    table.take([published("2", "1", models=["b", "a"])])
    planned = rows(table.take([then("2", Executed())]))
    assert planned[write.MODEL_STUBS.name] == [["a"], ["b"]]
    assert planned[write.EXECUTED.name] == [[named("2"), "tool", "tool@1", "tool@2", ["b", "a"]]]
    assert planned[write.ROLLED_BACK.name] == []


def test_one_that_was_executed_before_moves_back() -> None:
    table = Table()
    table.take([published("1"), then("1", Executed())])
    planned = rows(table.take([then("1", RolledBack("odd"))]))
    assert planned[write.ROLLED_BACK.name] == [[named("1"), "tool", None, "tool@1", []]]
    assert planned[write.EXECUTED.name] == []


def test_one_that_is_executed_and_rolled_back_in_one_batch_does_not_move() -> None:
    planned = rows(Table().take([published("1"), then("1", Executed()), then("1", RolledBack("odd"))]))
    assert planned[write.ROLLED_BACK.name] == planned[write.EXECUTED.name] == []


def test_the_worker_is_made_as_the_topology_says() -> None:
    options = EvolutionOptions(topic="log", group="evolution", migrate=Migrate(forward_wait_seconds=7))
    find, advance, _ = build(options, has_api=True).jobs
    assert find == FindVersions("log")
    assert advance.query(7_000).parameters["buffered_before"] == 0
