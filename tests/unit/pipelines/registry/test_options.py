"""The options in the topology file reach the worker, and the file says what is built in."""

from pathlib import Path
from typing import Any

import pytest

from workers.config.topology import read_topology
from workers.core.errors import Misconfigured
from workers.pipelines.fleet import OPTION_MODELS, load_topology
from workers.pipelines.registry.options import Accept, Merge, RegistryOptions, Usage

ROOT = Path(__file__).parents[4]
FILE = """\
topics:
  events: {partitions: 3}
workers:
  registry:
    topic: events
    group: registries
"""


def options(text: str, folder: Path) -> RegistryOptions:
    file = folder / "topology.yaml"
    file.write_text(FILE + text)
    read = read_topology(file, OPTION_MODELS).workers["registry"]
    assert isinstance(read, RegistryOptions)
    return read


def faults(text: str, folder: Path) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        options(text, folder)
    lines = str(caught.value).splitlines()
    file = f"{folder / 'topology.yaml'}:"
    return [line.removeprefix(file) for line in lines if line.startswith(file)]


def test_our_own_file_says_what_is_built_in() -> None:
    ours = load_topology(ROOT / "topology.yaml").workers["registry"]
    assert isinstance(ours, RegistryOptions)
    assert (ours.merge, ours.accept, ours.usage) == (Merge(), Accept(), Usage())


@pytest.mark.parametrize(
    ("block", "value", "name", "expected"),
    [
        ("model_metadata", {"strategy": "insert_only"}, "insert_only", True),
        ("model_metadata", {"conflict_resolution": "first_wins"}, "first_wins", True),
        ("version_info", {"strategy": "mirror"}, "mirror_versions", True),
        ("capabilities", {"conflict_resolution": "table_wins"}, "table_wins", True),
        ("deprecated_models", {"action": "ignore"}, "flag_deprecated", False),
    ],
)
def test_each_choice_reaches_the_worker(block: str, value: dict[str, Any], name: str, *, expected: bool) -> None:
    assert getattr(Merge(), name) is not expected
    assert getattr(Merge.model_validate({block: value}), name) is expected


def test_options_are_merged_key_by_key_with_the_defaults(tmp_path: Path) -> None:
    text = "    merge: {deleted_models: {grace_days: 7}}\n    accept: {providers: [acme]}\n"
    read = options(text, tmp_path)
    assert read.merge.deleted_models.grace_days == 7
    assert (read.merge.model_metadata.strategy, read.merge.first_wins) == ("upsert", False)
    assert (read.accept.providers, read.accept.capabilities) == (["acme"], [])
    assert options("", tmp_path).merge == Merge()


def test_faults_are_reported_with_their_lines(tmp_path: Path) -> None:
    text = """\
    state: {max_entries: -1}
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
    assert faults(text, tmp_path) == [
        "7: workers.registry.state.max_entries: -1 is less than 0; use 0 to 1000000000",
        (
            "9: workers.registry.merge.model_metadata.conflict_resolution: newest is not latest_wins or first_wins; "
            "set it to: which of concurrent writes counts"
        ),
        "10: workers.registry.merge.version_infos: unknown key; did you mean version_info?",
        "12: workers.registry.merge.version_info.strategie: unknown key; did you mean strategy?",
        "13: workers.registry.merge.deleted_models.grace_days: -1 is less than 0; use 0 to 36500",
        (
            "15: workers.registry.accept.providers: openai is not a list; "
            "set it to: allowed providers; an empty list allows all"
        ),
        (
            "16: workers.registry.accept.version_pattern: ( is no regular expression (missing ), unterminated "
            "subpattern at position 0); set it to: regular expression of a row's version"
        ),
        (
            "17: workers.registry.accept.required.0: name is not version, provider, capabilities or context_window; "
            "see `memory-graph topology schema`"
        ),
    ]


def test_usage_is_counted_where_the_file_has_the_block(tmp_path: Path) -> None:
    assert options("", tmp_path).usage is None
    usage = options("    usage: {topic: events, window_minutes: 15}\n", tmp_path).usage
    assert usage is not None
    assert (usage.window_minutes, usage.late_minutes, usage.restate_hours) == (15, 10, 24)
    assert (usage.window_ms, usage.late_ms, usage.restate_ms) == (900_000, 600_000, 86_400_000)


def test_faults_of_usage_are_reported_with_their_lines(tmp_path: Path) -> None:
    text = "    usage:\n      topic: event\n      every_seconds: 5\n"
    assert faults(text, tmp_path) == ["8: workers.registry.usage.topic: no topic is named event; did you mean events?"]
    text = """\
    usage:
      topic: events
      window_minutes: 7
      late_minutes: -1
      restate_hours: 1.5
      every_second: 5
"""
    assert faults(text, tmp_path) == [
        "9: workers.registry.usage.window_minutes: 7 does not divide a day into equal windows; use 1 to 1440",
        "10: workers.registry.usage.late_minutes: -1 is less than 0; use 0 to 1440",
        "11: workers.registry.usage.restate_hours: 1.5 is not a whole number; use 0 to 8760",
        "12: workers.registry.usage.every_second: unknown key; did you mean every_seconds?",
    ]


def test_names_that_are_accepted_reach_the_worker(tmp_path: Path) -> None:
    accept = options("    accept: {providers: [acme], required: [version]}\n", tmp_path).accept
    assert accept == Accept(providers=["acme"], required=["version"])
