from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from workers.config.block import Block
from workers.config.topology import OptionModels, Topology, read_topology, topology_schema
from workers.config.worker_options import TopicReference, WorkerOptions
from workers.core.errors import Misconfigured
from workers.pipelines.fleet import load_topology

ROOT = Path(__file__).parents[3]

MINIMAL = """\
topics:
  events:
    partitions: 3
workers:
  reader:
    topic: events
    group: readers
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "topology.yaml"
    file.write_text(text, encoding="utf-8")
    return file


class Letters(Block):
    """A block that only one worker has."""

    to: TopicReference = Field(default="letters", description="The topic that they are sent to.")
    colour: Literal["red", "blue"] = Field(default="red", description="Their colour.")


class WriterOptions(WorkerOptions):
    """The options of a worker with a block of its own."""

    letters: Letters | None = Field(default=None, description="What it writes.")


MODELS: OptionModels = {"reader": WorkerOptions, "writer": WriterOptions}


def loaded(folder: Path, text: str, models: OptionModels | None = None) -> Topology:
    return read_topology(write(folder, text), models or {})


def faults(folder: Path, text: str, models: OptionModels | None = None) -> list[str]:
    """Return the faults without the file's name, after checking that the first line counts them."""
    file = write(folder, text)
    with pytest.raises(Misconfigured) as caught:
        read_topology(file, models or {})
    lines = str(caught.value).splitlines()
    if len(lines) > 1:
        assert lines.pop(0) == f"{file} has {len(lines)} faults"
    assert all(line.startswith(f"{file}:") for line in lines)
    return [line.removeprefix(f"{file}:") for line in lines]


def test_our_own_file_holds_what_the_contract_promises() -> None:
    topology = load_topology(ROOT / "topology.yaml")

    assert {name: (topic.partitions, topic.key) for name, topic in topology.topics.items()} == {
        "llm-telemetry-events": (12, "trace_id"),
        "registry-changes": (6, "model_id"),
        "audit-events": (6, "content_id"),
        "audit-checkpoints": (1, "chain"),
        "registry-usage-stats": (6, "model_id"),
        "schema-migrations": (3, "schema_id"),
        "schema-notifications": (1, "schema_id"),
        "registry-confirmations": (1, "schema_id"),
        "registry-heartbeats": (1, None),
    }
    assert topology.workers["telemetry"].group == "memory-graph-telemetry"
    assert topology.schemas_folder == ROOT / "schemas/avro"


def test_our_own_file_says_what_is_built_in_too() -> None:
    topology = load_topology(ROOT / "topology.yaml")

    assert topology.defaults == type(topology.defaults)()


def test_a_worker_that_says_nothing_has_the_built_in_tunables(tmp_path: Path) -> None:
    worker = loaded(tmp_path, MINIMAL).workers["reader"]

    assert (worker.batch.max_rows, worker.batch.max_wait_ms) == (1_000, 10)
    assert (worker.consumer.chunk_records, worker.consumer.buffer_mb) == (500, 256)
    assert (worker.retry.initial_ms, worker.retry.max_ms) == (100, 30_000)
    assert (worker.retry.multiplier, worker.retry.jitter_ratio) == (2.0, 0.1)
    assert (worker.writers, worker.drain.grace_seconds) == (4, 30)
    assert (worker.state.max_entries, worker.session_timeout_seconds) == (1_000_000, 10)


def test_a_worker_inherits_key_by_key_and_overrides_key_by_key(tmp_path: Path) -> None:
    topology = loaded(
        tmp_path,
        """\
defaults:
  batch: {max_rows: 10, max_wait_ms: 20}
  writers: 2
topics: {events: {partitions: 3}}
workers:
  one: {topic: events, group: ones, batch: {max_rows: 99}}
  two: {topic: events, group: twos}
""",
    )

    one, two = topology.workers["one"], topology.workers["two"]
    assert (one.batch.max_rows, one.batch.max_wait_ms, one.writers) == (99, 20, 2)
    assert (two.batch.max_rows, two.batch.max_wait_ms, two.writers) == (10, 20, 2)


def test_every_topic_has_dead_letters_with_as_many_partitions_and_more_room(tmp_path: Path) -> None:
    topology = loaded(tmp_path, MINIMAL)

    assert list(topology.all_topics) == ["events", "events.dlq"]
    source, dead_letters = topology.all_topics.values()
    assert dead_letters.partitions == source.partitions
    assert dead_letters.max_message_bytes > source.max_message_bytes
    assert dead_letters.kafka_config["retention.ms"] == str(7 * 24 * 60 * 60 * 1000)


def test_topic_configs_are_spelled_as_kafka_spells_them(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "partitions: 3",
        "partitions: 3\n    retention_hours: 2\n"
        "    config: {min.insync.replicas: 2, unclean.leader.election.enable: false, cleanup.policy: compact}",
    )

    assert loaded(tmp_path, text).topics["events"].kafka_config == {
        "retention.ms": "7200000",
        "max.message.bytes": "1048588",
        "min.insync.replicas": "2",
        "unclean.leader.election.enable": "false",
        "cleanup.policy": "compact",
    }


def test_all_faults_are_reported_at_once_each_with_its_line(tmp_path: Path) -> None:
    text = """\
schema: schemas/avro
replication_factor: one
topics:
  events:
    partitions: 0
    key: 7
  bad name:
    partitions: 2
  more:
    parttions: 3
defaults:
  batch:
    max_rows: 100001
  retry: {multiplier: 0.5}
workers:
  first:
    topic: evnets
    group: readers
    batch:
      max_wait: 5
  second:
    topic: events
    group: readers
    writers: true
  third: nothing
"""
    assert faults(tmp_path, text) == [
        "1: schema: unknown key; did you mean schemas?",
        "2: replication_factor: one is not a whole number; use 1 to 32767",
        "5: topics.events.partitions: 0 is not positive; use 1 to 10000",
        "6: topics.events.key: 7 is not text; set it to: the field that records are keyed by",
        "7: topics.bad name: not a topic name; use 1 to 245 letters, digits, dots, dashes and underscores",
        "9: topics.more.partitions: missing; use 1 to 10000",
        "10: topics.more.parttions: unknown key; did you mean partitions?",
        "13: defaults.batch.max_rows: 100001 is more than 100000; use 1 to 100000",
        "14: defaults.retry.multiplier: 0.5 is less than 1; use 1 to 10",
        "17: workers.first.topic: no topic is named evnets; did you mean events?",
        "20: workers.first.batch.max_wait: unknown key; did you mean max_wait_ms?",
        "24: workers.second.writers: true is not a whole number; use 1 to 64",
        "25: workers.third: nothing is not a mapping; see `memory-graph topology schema`",
    ]


def test_a_fault_in_the_defaults_is_reported_there_and_once(tmp_path: Path) -> None:
    text = "defaults:\n  writers: 0\n" + MINIMAL + "  other:\n    topic: events\n    group: others\n"

    assert faults(tmp_path, text) == ["2: defaults.writers: 0 is not positive; use 1 to 64"]


def test_keys_that_do_not_go_together_are_reported_with_their_lines(tmp_path: Path) -> None:
    text = """\
topics:
  events:
    partitions: 3
    max_message_bytes: 33554433
    config:
      retention.ms: 1
  events.dlq:
    partitions: 3
workers:
  one:
    topic: event
    group: readers
    retry: {initial_ms: 500, max_ms: 400}
  two:
    topic: events
    group: readers
    consumer:
      buffer_mb: 32
    batch: {max_wait_ms: 2000}
    drain: {grace_seconds: 2}
"""
    assert faults(tmp_path, text) == [
        "6: topics.events.config.retention.ms: has a key of its own; use retention_hours",
        "7: topics.events.dlq: .dlq is the suffix of dead-letter topics, which exist anyway; remove it",
        "11: workers.one.topic: no topic is named event; did you mean events?",
        "13: workers.one.retry.initial_ms: 500 is more than max_ms; use at most 400",
        "16: workers.two.group: readers is already the group of worker one; use another one",
        "18: workers.two.consumer.buffer_mb: 32 is less than one message of events; use 33 or more",
        (
            "19: workers.two.batch.max_wait_ms: 2000 is not less than drain.grace_seconds, so the last batch would be "
            "cut off; use less than 2000"
        ),
    ]


def test_a_wrong_value_does_not_hide_keys_that_do_not_go_together(tmp_path: Path) -> None:
    text = MINIMAL.replace("partitions: 3", "partitions: 0") + "  other: {topic: nowhere, group: readers}\n"

    assert faults(tmp_path, text) == [
        "3: topics.events.partitions: 0 is not positive; use 1 to 10000",
        "8: workers.other.group: readers is already the group of worker reader; use another one",
        "8: workers.other.topic: no topic is named nowhere; use one of events",
    ]


def test_a_missing_section_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, "topics:\n  events: {partitions: 1}\n") == [
        "1: workers: missing; add the keys that `memory-graph topology schema` lists"
    ]


def test_yaml_that_cannot_be_read_is_a_fault_with_its_line(tmp_path: Path) -> None:
    (only,) = faults(tmp_path, "topics:\n  events: {partitions: 1\nworkers: {}\n")

    assert only.startswith("3: ")
    assert only.endswith("; correct the YAML there")


@pytest.mark.parametrize("value", ["2026-99-99", "!!int many", "[" * 1000])
def test_a_value_that_yaml_cannot_make_is_a_fault(tmp_path: Path, value: str) -> None:
    (only,) = faults(tmp_path, f"schemas: {value}\n{MINIMAL}")

    assert only.endswith("; quote the value that YAML takes for something else")


def test_a_key_given_twice_is_a_fault_with_its_line(tmp_path: Path) -> None:
    (only,) = faults(tmp_path, MINIMAL + "    group: again\n")

    assert only.startswith("8: ")
    assert "group" in only


@pytest.mark.parametrize("text", ["", "- a list\n", "only text\n"])
def test_what_is_no_mapping_is_a_fault(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text) == ["1: not a mapping; start with `topics:` and `workers:`"]


def test_a_file_that_is_not_there_is_a_fault_that_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"nothing\.yaml cannot be read .*MEMORY_GRAPH_TOPOLOGY"):
        read_topology(tmp_path / "nothing.yaml", {})


WRITER = MINIMAL + "  writer:\n    topic: events\n    group: writers\n"


def test_a_worker_has_blocks_of_its_own_and_a_reference_to_a_topic_is_checked(tmp_path: Path) -> None:
    text = WRITER + "    letters: {to: events}\n"
    options = loaded(tmp_path, text, MODELS).workers["writer"]
    assert isinstance(options, WriterOptions)
    assert options.letters == Letters(to="events")
    assert faults(tmp_path, WRITER + "    letters:\n      to: event\n      colour: green\n", MODELS) == [
        "12: workers.writer.letters.to: no topic is named event; did you mean events?",
        "13: workers.writer.letters.colour: green is not red or blue; set it to: their colour",
    ]


def test_a_block_of_another_worker_is_an_unknown_key(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, MINIMAL + "    letters: {}\n", MODELS)
    assert fault.startswith("8: workers.reader.letters: unknown key; ")


def test_a_worker_that_does_not_exist_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, MINIMAL + "  writters: {topic: events, group: writers}\n", MODELS) == [
        "8: workers.writters: no worker is named writters; did you mean writer?"
    ]


def test_a_topic_that_does_not_exist_is_a_fault_whatever_else_is_wrong_with_the_worker(tmp_path: Path) -> None:
    text = MINIMAL.replace("topic: events", "topic: event\n    writers: true")
    assert faults(tmp_path, text) == [
        "6: workers.reader.topic: no topic is named event; did you mean events?",
        "7: workers.reader.writers: true is not a whole number; use 1 to 64",
    ]


def test_the_json_schema_has_the_options_of_each_worker() -> None:
    workers = topology_schema(MODELS)["$defs"]["Workers"]
    assert set(workers["properties"]) == {"reader", "writer"}
    assert "Letters" in topology_schema(MODELS)["$defs"]


def test_a_path_over_several_lines_is_shown_in_one() -> None:
    with pytest.raises(Misconfigured, match=r"^a b cannot be read"):
        read_topology(Path("a\nb"), {})
