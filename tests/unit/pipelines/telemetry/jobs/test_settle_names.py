"""The job's dialogue with the graph: what it asks, and which steps follow."""

from collections.abc import Mapping, Sequence
from typing import Any

from workers.core.job import Step
from workers.pipelines.telemetry.jobs import queries
from workers.pipelines.telemetry.jobs.moves import KEYS_OF_STEP
from workers.pipelines.telemetry.jobs.settle_names import SettleNames
from workers.pipelines.telemetry.prices.pricing import CatalogueEntry
from workers.pipelines.telemetry.prices.reference import ALL, GRAPH_VERSION
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory

NOW = 1_800_000_000_000
VERSION = {"watermarks": [["registry/registry-changes/0", "lineage", 0, 7]], "prices": 1, "newest": NOW, "now": "then"}
PRICE = ["gpt-4o@then", 0, None, None, None, "1", "1", None, None]
GPT_4O = ["gpt-4o", "openai", ["gpt-4o-2024-08-06"], [PRICE], None]
NAME = {"id": "openai/gpt-4o-2024-08-06", "provider": "openai", "name": "gpt-4o-2024-08-06"}
UNKNOWN, KNOWN = "[[0,null]]", '[[0,"gpt-4o"]]'
STUB = CatalogueEntry("A name", 7)


class Dialogue:
    """Answers the job's queries, and knows its last steps."""

    def __init__(self) -> None:
        self.job = SettleNames(RegistryHistory(lambda _provider, _name: None), lambda _name: STUB)
        self.steps: list[tuple[str, Mapping[str, Any]]] = []

    def answer(self, asked: str, *rows: Mapping[str, Any], now_ms: int = NOW) -> Sequence[Step]:
        assert self.job.query(now_ms).cypher == asked
        steps = list(self.job.steps(rows, now_ms))
        self.steps = [(step.record.cypher, step.record.parameters) for step in steps if step.record]
        return steps

    def learn(self, *models: list[Any]) -> None:
        self.answer(GRAPH_VERSION, VERSION)
        self.answer(ALL, {"models": list(models), "prices": len(models)})

    def find(self, *due: Mapping[str, Any]) -> None:
        """Go on to the names that are due."""
        self.answer(queries.NAMES)
        self.answer(queries.COMPATIBLE)
        self.answer(queries.UNCOMPARED)
        self.answer(queries.DUE, *due)


def due(*model_ids: str) -> dict[str, Any]:
    return {**NAME, "model_ids": list(model_ids), "check_at": "then"}


def move(source: str, target: str) -> dict[str, Any]:
    return {**NAME, "source": source, "target": target, "since": 0, "until": 253_402_300_799_999}


def test_nothing_is_compared_before_the_registrys_history_is_known() -> None:
    dialogue = Dialogue()
    assert dialogue.answer(GRAPH_VERSION, VERSION) == []
    assert dialogue.answer(ALL, {"models": [GPT_4O], "prices": 1}) == []
    assert dialogue.job.query(NOW).cypher == queries.NAMES


def test_a_name_with_another_meaning_is_changed_first_and_its_page_is_read_again_as_a_step_may_fail() -> None:
    dialogue = Dialogue()
    dialogue.learn(GPT_4O)
    for _ in range(2):
        dialogue.answer(queries.NAMES, {**NAME, "meaning": UNKNOWN})
        changed = {"id": NAME["id"], "meaning": KNOWN, "open": False, "model_ids": ["gpt-4o"]}
        changed["card"] = STUB._asdict()
        assert dialogue.steps == [(queries.MEANING_CHANGED, changed)]
    dialogue.answer(queries.NAMES, {**NAME, "meaning": KNOWN})
    assert dialogue.steps == []
    assert dialogue.job.query(NOW).cypher == queries.COMPATIBLE


def test_calls_at_the_stub_are_moved_in_steps_of_limited_size() -> None:
    dialogue = Dialogue()
    dialogue.learn(GPT_4O)
    dialogue.find(due("gpt-4o", "gpt-4o-2024-08-06"))
    expected = move("gpt-4o-2024-08-06", "gpt-4o")
    assert dialogue.job.query(NOW).parameters["moves"] == [expected]
    calls = [f"t/{number:05}" for number in range(KEYS_OF_STEP + 1)]
    dialogue.answer(queries.MISPLACED, {"move": expected, "calls": calls, "metrics": ["p"]})
    assert [(cypher, len(given["keys"])) for cypher, given in dialogue.steps] == [
        (queries.CALLS_MOVED, KEYS_OF_STEP),
        (queries.CALLS_MOVED, 1),
        (queries.METRICS_MOVED, 1),
    ]
    assert {given["card"]["name"] for _, given in dialogue.steps} == {STUB.name}


def test_once_nothing_is_misplaced_the_name_is_settled_and_its_stub_removed() -> None:
    dialogue = Dialogue()
    dialogue.learn(GPT_4O)
    name = due("gpt-4o", "gpt-4o-2024-08-06")
    dialogue.find(name)
    dialogue.answer(queries.MISPLACED, {"move": move("gpt-4o-2024-08-06", "gpt-4o"), "calls": [], "metrics": []})
    (settled, about), (merged, stub) = dialogue.steps
    assert (settled, merged) == (queries.SETTLED, queries.STUB_MERGED)
    assert (about["checked"], about["model_ids"], about["check_at"]) == (name["model_ids"], ["gpt-4o"], "then")
    assert stub == {"name": "gpt-4o-2024-08-06", "model_id": "gpt-4o"}


def test_calls_of_a_name_that_means_nothing_any_more_go_back_to_its_stub_which_stays() -> None:
    dialogue = Dialogue()
    dialogue.learn()
    dialogue.find(due("gpt-4o", "gpt-4o-2024-08-06"))
    assert dialogue.job.query(NOW).parameters["moves"] == [move("gpt-4o", "gpt-4o-2024-08-06")]
    dialogue.answer(queries.MISPLACED, {"move": move("gpt-4o", "gpt-4o-2024-08-06"), "calls": [], "metrics": []})
    assert [cypher for cypher, _ in dialogue.steps] == [queries.SETTLED]


def test_a_schema_that_names_an_alias_is_linked_to_the_model_and_the_aliass_stub_is_removed() -> None:
    dialogue = Dialogue()
    dialogue.learn(GPT_4O)
    dialogue.answer(queries.NAMES)
    row = {"version_id": "s@1", "names": ["gpt-4o-2024-08-06", "own"], "model_ids": ["gpt-4o-2024-08-06", "own"]}
    dialogue.answer(queries.COMPATIBLE, {**row, "stubs": row["names"]})
    linked = {"version_id": "s@1", "names": row["names"], "model_ids": ["gpt-4o", "own"]}
    assert dialogue.steps == [
        (queries.COMPATIBLE_CHANGED, linked),
        (queries.STUB_MERGED, {"name": "gpt-4o-2024-08-06", "model_id": "gpt-4o"}),
    ]


def test_without_a_change_of_the_registry_only_due_names_are_asked_for_and_all_names_each_minute() -> None:
    dialogue = Dialogue()
    dialogue.learn(GPT_4O)
    dialogue.find()
    for _ in range(2):
        assert dialogue.job.every_seconds == 1.0
        dialogue.answer(GRAPH_VERSION, VERSION)
        assert dialogue.job.every_seconds == 0.0
        dialogue.answer(queries.DUE)
    dialogue.answer(GRAPH_VERSION, VERSION, now_ms=NOW + 60_000)
    dialogue.answer(queries.NAMES, now_ms=NOW + 60_000)
    dialogue.answer(queries.COMPATIBLE, now_ms=NOW + 60_000)


def test_deleted_models_are_marked_with_the_time_of_the_history_that_all_names_were_compared_with() -> None:
    dialogue = Dialogue()
    dialogue.learn(GPT_4O)
    dialogue.answer(queries.NAMES, {**NAME, "meaning": KNOWN})
    dialogue.answer(queries.COMPATIBLE)
    assert dialogue.job.query(NOW).parameters["read_at"] == "then"
    dialogue.answer(queries.UNCOMPARED, {"id": "gpt-4o"})
    assert dialogue.steps == [(queries.COMPARED, {"model_ids": ["gpt-4o"], "read_at": "then"})]
    assert dialogue.job.query(NOW).cypher == queries.DUE


def test_no_model_is_marked_while_a_schema_is_still_to_be_linked() -> None:
    dialogue = Dialogue()
    dialogue.learn(GPT_4O)
    dialogue.answer(queries.NAMES)
    row = {"version_id": "s@1", "names": [NAME["name"]], "model_ids": [NAME["name"]], "stubs": []}
    dialogue.answer(queries.COMPATIBLE, row)
    assert dialogue.job.query(NOW).cypher == queries.DUE
