"""A worker with ``order: strict``: what comes after a dead letter of its key waits, also through a kill -9."""

import json
from functools import partial

import pytest

from tests.end_to_end.bad_records import Producer
from tests.end_to_end.conftest import Scenes
from tests.end_to_end.outsider import read_all
from tests.end_to_end.program import Program, get, run, until
from tests.end_to_end.scene import Scene


class Strict:
    """A strict worker of telemetry, and an operator. All records of a trace have its id as their key."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.log, self.serializer = scene.log(), scene.serializer()

    def trace(self, name: str) -> str:
        return f"{self.scene.name}-{name}"

    def send(self, trace: str, span: str, tokens: int = 300) -> None:
        """Send a call of a trace; a negative number of tokens is rejected."""
        registry_url, trace_id = self.scene.settings.schema_registry.url, self.trace(trace)
        producer = Producer(self.serializer, registry_url, self.scene.topic, trace_id)
        value = producer.value(event_id=f"{trace_id}-{span}", span_id=span, token_count=tokens)
        self.log.send(trace_id.encode(), value, partition=0)
        self.log.flush()

    def operator(self, *command: str, ends_with: int = 0) -> tuple[str, str]:
        """Run a command for the topic; return its output and its log."""
        code, output, log = run(["dlq", *command, "--topic", self.scene.topic], self.scene.environment)
        assert code == ends_with, log
        return output, log

    def spans(self) -> list[str]:
        cypher = "MATCH (i:Invocation) WHERE i.trace_id STARTS WITH $name RETURN i.trace_id + '/' + i.span_id AS span"
        return sorted(
            row["span"].removeprefix(f"{self.scene.name}-") for row in self.scene.query(cypher, name=self.scene.name)
        )

    def codes(self) -> list[str | bytes | None]:
        letters = read_all(self.scene.settings.kafka.bootstrap_servers, f"{self.scene.topic}.dlq")
        return [dict(letter.headers() or [])["__dlq.errors.code"] for letter in letters]

    def until_parked(self, keys: int, worker: Program) -> None:
        """Wait until the worker's gauge has this number of keys."""
        sample, address = f'llm_memory_graph_parked_keys{{topic="{self.scene.topic}"}} {keys}.0', worker.until_ready()
        until(partial(_shows, f"{address}/metrics", sample), sample, worker)


def _shows(url: str, text: str) -> bool:
    return text in get(url).text


@pytest.fixture(scope="module")
def strict(scenes: Scenes) -> Strict:
    return Strict(scenes(1, order="strict"))


def test_records_wait_through_a_kill_and_replays_free_them_in_order(strict: Strict) -> None:
    for trace, span, tokens in (("a", "1", 1), ("a", "2", -1), ("b", "1", 1), ("a", "3", 1)):
        strict.send(trace, span, tokens)
    with strict.scene.start("before.log") as worker:
        strict.scene.until_caught_up(worker)
        worker.kill()
    strict.send("a", "4")
    with strict.scene.start("after.log") as worker:
        strict.scene.until_caught_up(worker)
        assert strict.spans() == ["a/1", "b/1"]
        assert strict.codes() == [b"number.negative", b"parked.behind", b"parked.behind"]
        strict.until_parked(1, worker)
        shown = json.loads(strict.operator("release", "-o", "json")[0])
        assert [(each["key"], each["offsets"]) for each in shown["keys"]] == [(strict.trace("a"), [1, 3, 4])]

        strict.operator("replay", "--execute", "--why", "the first one is not repaired yet", ends_with=1)
        until(lambda: strict.codes()[3:] == [b"parked.behind"] * 2, "both wait again", worker)
        assert strict.spans() == ["a/1", "b/1"]

        strict.operator("replay", "--fix", "token_count=7", "--execute", "--why", "repaired")
        strict.until_parked(0, worker)
        assert strict.spans() == ["a/1", "a/2", "a/3", "a/4", "b/1"]
        assert len(strict.codes()) == 5
        assert worker.stop() == 0


def test_a_released_key_is_processed_again_by_the_running_worker(strict: Strict) -> None:
    key = strict.trace("c")
    with strict.scene.start("release.log") as worker:
        strict.send("c", "1", -1)
        strict.send("c", "2")
        strict.scene.until_caught_up(worker)
        plan, _ = strict.operator("release", key)
        assert "Nothing was released" in plan
        _, log = strict.operator("release", key, "--execute", "--why", "that call was a test")
        line = json.loads(log.splitlines()[-1])
        assert (line["event"], line["key"], line["why"]) == ("dead_letters.released", key, "that call was a test")
        strict.send("c", "3")
        strict.scene.until_caught_up(worker)
        assert worker.stop() == 0
    assert [span for span in strict.spans() if span.startswith("c")] == ["c/3"]
