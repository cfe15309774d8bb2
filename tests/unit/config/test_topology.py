from pathlib import Path

import pytest

from workers.config.topology import Topology, load_topology
from workers.core.errors import Misconfigured

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


def loaded(folder: Path, text: str) -> Topology:
    return load_topology(write(folder, text))


def faults(folder: Path, text: str) -> list[str]:
    """Give the faults without the file's name, after checking that the first line counts them."""
    file = write(folder, text)
    with pytest.raises(Misconfigured) as caught:
        load_topology(file)
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
        "registry-usage-stats": (6, "model_id"),
        "schema-migrations": (3, "schema_id"),
        "schema-notifications": (1, "schema_id"),
        "registry-confirmations": (1, "schema_id"),
    }
    assert topology.workers["telemetry"].group == "memory-graph-telemetry"
    assert topology.schemas_folder == ROOT / "schemas/avro"


def test_our_own_file_says_what_is_built_in_too() -> None:
    topology = load_topology(ROOT / "topology.yaml")

    assert topology.defaults == type(topology.defaults)()


def test_a_worker_that_says_nothing_has_the_built_in_tunables(tmp_path: Path) -> None:
    worker = loaded(tmp_path, MINIMAL).workers["reader"]

    assert (worker.batch.max_rows, worker.batch.max_wait_ms) == (1_000, 10)
    assert (worker.intake.chunk_records, worker.intake.buffer_mb) == (500, 256)
    assert (worker.retry.initial_ms, worker.retry.max_ms) == (100, 30_000)
    assert (worker.retry.multiplier, worker.retry.jitter_ratio) == (2.0, 0.1)
    assert (worker.writers, worker.drain.grace_seconds) == (4, 30)
    assert (worker.state.ttl_hours, worker.session_timeout_seconds) == (24, 10)


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
        "6: topics.events.key: 7 is not text; give what records are keyed by",
        "7: topics.bad name: no name for a topic; use 1 to 245 letters, digits, dots, dashes and underscores",
        "9: topics.more.partitions: missing; use 1 to 10000",
        "10: topics.more.parttions: unknown key; did you mean partitions?",
        "13: defaults.batch.max_rows: 100001 is more than 100000; use 1 to 100000",
        "14: defaults.retry.multiplier: 0.5 is less than 1; use 1 to 10",
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
    intake:
      buffer_mb: 32
    batch: {max_wait_ms: 2000}
    drain: {grace_seconds: 2}
"""
    assert faults(tmp_path, text) == [
        "6: topics.events.config.retention.ms: has a key of its own; use retention_hours",
        "7: topics.events.dlq: .dlq names dead letters, which every topic has; leave it out",
        "11: workers.one.topic: no topic is named event; did you mean events?",
        "13: workers.one.retry.initial_ms: 500 is more than max_ms; use at most 400",
        "16: workers.two.group: readers is the group of worker one already; give each worker its own",
        "18: workers.two.intake.buffer_mb: 32 holds less than one message of events; use 33 or more",
        (
            "19: workers.two.batch.max_wait_ms: 2000 is no less than drain.grace_seconds, so the last batch would be "
            "cut off; use less than 2000"
        ),
    ]


def test_a_wrong_value_does_not_hide_keys_that_do_not_go_together(tmp_path: Path) -> None:
    text = MINIMAL.replace("partitions: 3", "partitions: 0") + "  other: {topic: nowhere, group: readers}\n"

    assert faults(tmp_path, text) == [
        "3: topics.events.partitions: 0 is not positive; use 1 to 10000",
        "8: workers.other.group: readers is the group of worker reader already; give each worker its own",
        "8: workers.other.topic: no topic is named nowhere; use one of events",
    ]


def test_a_missing_section_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, "topics:\n  events: {partitions: 1}\n") == [
        "1: workers: missing; give it the keys that `memory-graph topology schema` names"
    ]


def test_yaml_that_cannot_be_read_is_a_fault_with_its_line(tmp_path: Path) -> None:
    (only,) = faults(tmp_path, "topics:\n  events: {partitions: 1\nworkers: {}\n")

    assert only.startswith("3: ")
    assert only.endswith("; mend the YAML there")


def test_a_key_given_twice_is_a_fault_with_its_line(tmp_path: Path) -> None:
    (only,) = faults(tmp_path, MINIMAL + "    group: again\n")

    assert only.startswith("8: ")
    assert "group" in only


@pytest.mark.parametrize("text", ["", "- a list\n", "only text\n"])
def test_what_is_no_mapping_is_a_fault(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text) == ["1: not a mapping; start with `topics:` and `workers:`"]


def test_a_file_that_is_not_there_is_a_fault_that_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"nothing\.yaml cannot be read .*MEMORY_GRAPH_TOPOLOGY"):
        load_topology(tmp_path / "nothing.yaml")


REGISTRY = MINIMAL + "  registry:\n    topic: events\n    group: registries\n"


def test_a_registry_says_how_it_merges_and_what_it_accepts_key_by_key(tmp_path: Path) -> None:
    text = REGISTRY + "    merge: {deleted_models: {grace_days: 7}}\n    accept: {providers: [acme]}\n"
    options = loaded(tmp_path, text).workers["registry"].options

    assert options["merge"]["deleted_models"] == {"strategy": "soft_delete", "grace_days": 7}
    assert options["merge"]["model_metadata"] == {"strategy": "upsert", "conflict_resolution": "latest_wins"}
    assert (options["accept"]["providers"], options["accept"]["capabilities"]) == (["acme"], [])
    assert loaded(tmp_path, REGISTRY).workers["registry"].options == {"topic": "events"}


def test_faults_in_how_a_registry_merges_are_reported_with_their_lines(tmp_path: Path) -> None:
    text = (
        REGISTRY
        + """\
    state: {ttl_hours: -1}
    merge:
      model_metadata: {conflict_resolution: newest}
      version_infos: {}
      version_info:
        strategie: append
      deleted_models: {grace_days: -1}
    accept:
      providers: openai
      version_pattern: "("
      required: [name]
"""
    )
    assert faults(tmp_path, text) == [
        "11: workers.registry.state.ttl_hours: -1 is less than 0; use 0 to 8760",
        (
            "13: workers.registry.merge.model_metadata.conflict_resolution: newest is not latest_wins or first_wins; "
            "give which of concurrent writes counts"
        ),
        "14: workers.registry.merge.version_infos: unknown key; did you mean version_info?",
        "16: workers.registry.merge.version_info.strategie: unknown key; did you mean strategy?",
        "17: workers.registry.merge.deleted_models.grace_days: -1 is less than 0; use 0 to 36500",
        "19: workers.registry.accept.providers: openai is not a list; give providers there are; an empty list for any",
        (
            "20: workers.registry.accept.version_pattern: ( is no regular expression (missing ), unterminated "
            "subpattern at position 0); give regular expression of the version that a model's row names"
        ),
        (
            "21: workers.registry.accept.required.0: name is not version, provider, capabilities or context_window; "
            "see `memory-graph topology schema`"
        ),
    ]


def test_a_worker_that_mirrors_no_registry_has_nothing_to_merge(tmp_path: Path) -> None:
    assert faults(tmp_path, MINIMAL + "    merge: {}\n    migrate: {}\n") == [
        "8: workers.reader.merge: is read by worker registry alone; leave it out",
        "9: workers.reader.migrate: is read by worker evolution alone; leave it out",
    ]


def test_usage_is_counted_where_a_registry_says_so_and_every_fault_is_reported(tmp_path: Path) -> None:
    usage = loaded(tmp_path, REGISTRY + "    usage: {topic: events, window_minutes: 15}\n").workers["registry"].usage
    assert usage is not None
    assert (usage.window_minutes, usage.late_minutes, usage.restate_hours) == (15, 10, 24)
    text = REGISTRY + "    usage:\n      topic: event\n      every_seconds: 5\n"
    assert faults(tmp_path, text) == ["12: workers.registry.usage.topic: no topic is named event; did you mean events?"]
    text = (
        REGISTRY
        + """\
    usage:
      topic: events
      window_minutes: 7
      late_minutes: -1
      restate_hours: 1.5
      every_second: 5
"""
    )
    assert faults(tmp_path, text) == [
        "13: workers.registry.usage.window_minutes: 7 does not part a day into equal windows; use 1 to 1440",
        "14: workers.registry.usage.late_minutes: -1 is less than 0; use 0 to 1440",
        "15: workers.registry.usage.restate_hours: 1.5 is not a whole number; use 0 to 8760",
        "16: workers.registry.usage.every_second: unknown key; did you mean every_seconds?",
    ]


def test_a_forward_change_waits_as_long_as_the_file_says(tmp_path: Path) -> None:
    evolution = MINIMAL + "  evolution:\n    topic: events\n    group: e\n    migrate: {forward_wait_seconds: 7}\n"
    options = loaded(tmp_path, evolution).workers["evolution"].options
    assert options == {"topic": "events", "migrate": {"forward_wait_seconds": 7}}
