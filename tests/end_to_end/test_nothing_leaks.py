"""Secrets, prompts and what is about persons are only where they belong."""

import json
from base64 import b64encode
from collections.abc import Iterator

import pytest

from tests.end_to_end.canaries import Canaries, Leak, key_files, secret_variables
from tests.end_to_end.echo import echoing
from tests.end_to_end.leak_scene import WORKERS, LeakScene
from tests.end_to_end.marked_records import CONTENT, one_of_each_code
from tests.end_to_end.program import run
from workers.adapters.avro.decode_errors import DEAD_LETTER_CODES as DECODE
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack
from workers.pipelines.telemetry.dead_letter_codes import DEAD_LETTER_CODES as TELEMETRY

IN_THE_GRAPH = frozenset({
    "USER_ID", "SESSION_ID", "ERROR_MESSAGE", "AUDIT_USER", "AUDIT_ACTOR", "USER_AGENT", "REASON", "DETAILS",
})  # fmt: skip
"""What the graph is there to answer: who called, what failed, and the audit events."""
NEEDS = {
    "telemetry": {"KAFKA", "SCHEMA_REGISTRY", "NEO4J"},
    "registry": {"KAFKA", "SCHEMA_REGISTRY", "NEO4J", "REGISTRY_API", "REGISTRY_DATABASE"},
    "audit": {"KAFKA", "SCHEMA_REGISTRY", "NEO4J", "VAULT"},
}
"""The servers that each worker speaks with."""


@pytest.fixture(scope="module")
def scene(stack: RunningStack, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LeakScene]:
    with echoing() as echo:
        scene = LeakScene(stack, settings, tmp_path_factory.mktemp("leaks"), echo)
        try:
            scene.collect()
            yield scene
        finally:
            scene.tear_down()


def test_every_secret_of_the_settings_is_marked(scene: LeakScene) -> None:
    assert secret_variables().keys() <= scene.secrets.keys()
    assert key_files() == {"KAFKA_SSL_KEYFILE"}


def test_every_dead_letter_code_is_driven(scene: LeakScene) -> None:
    codes = {case.code for case in one_of_each_code()}
    unusual = {"record.unknown", "status.unknown", "token_convention.unknown", "field.not_unicode"}
    assert {each.code for each in (*DECODE, *TELEMETRY)} - codes <= unusual | {"field.too_large"}
    assert {worker: len(letters) for worker, letters in scene.letters.items()} == scene.bad


def test_secrets_are_nowhere(scene: LeakScene) -> None:
    names = {
        name: value for name, value in scene.canaries.values.items() if name in scene.secrets or "PASSWORD" in name
    }
    assert len(names) >= len(secret_variables())
    assert scene.canaries.leaks(scene.evidence, names) == []


def test_prompts_and_completions_are_nowhere_but_in_records(scene: LeakScene) -> None:
    names = {name: scene.canaries[name] for name in (*CONTENT, "METADATA", "BAGGAGE")}
    assert scene.canaries.leaks(scene.evidence, names) == []


def test_what_is_about_persons_is_nowhere_but_in_records_and_the_graph(scene: LeakScene) -> None:
    names = {name: scene.canaries[name] for name in (*IN_THE_GRAPH, "SOURCE_IP")}
    assert set(scene.canaries.leaks(scene.evidence, names)) == {Leak(name, "graph") for name in IN_THE_GRAPH}


def test_a_process_that_the_fleet_starts_has_the_secrets_that_it_needs_and_no_others(scene: LeakScene) -> None:
    for worker in WORKERS:
        has = {name for name in secret_variables() if scene.environments[worker].get(name)}
        wanted = {name for name in scene.secrets if any(name.startswith(f"{group}_") for group in NEEDS[worker])}
        assert has == wanted - {"KAFKA_SSL_KEY_PASSWORD"}, worker


def test_a_process_leaves_no_core_behind(scene: LeakScene) -> None:
    assert set(scene.core_limits.values()) == {(1, 1)}


def test_the_settings_of_a_stack_are_those_of_its_servers_alone(scene: LeakScene) -> None:
    _, out, err = run(["stack", "env", "--name", scene.stack.name], scene.environment)
    marks = {name: value for name, value in scene.canaries.values.items() if name != "NEO4J_PASSWORD"}
    assert scene.canaries.leaks({"stack env": (out + err).encode()}, marks) == []
    assert scene.secrets["NEO4J_PASSWORD"] in out


def test_a_shown_dead_letter_has_its_record_and_no_secret(scene: LeakScene) -> None:
    topic = f"{scene.name}-telemetry"
    code, out, err = run(["dlq", "show", "--topic", topic, "--limit", "50", "-o", "json"], scene.environment)
    assert code == 0, err
    shown = [json.loads(line) for line in out.splitlines()]
    secrets = {name: scene.canaries[name] for name in scene.secrets if name != "NEO4J_PASSWORD"}
    assert scene.canaries.leaks({"dlq show": (out + err).encode()}, secrets) == []
    reasons = json.dumps([[each["error"], each["today"]] for each in shown]).encode()
    assert scene.canaries.leaks({"reasons": reasons}) == []


def test_a_bug_that_quotes_a_record_is_found(scene: LeakScene) -> None:
    """The seeded leak: without it, nobody knows that the search finds anything."""
    said = scene.crash("repr(decoded)")
    found = {leak.mark for leak in scene.canaries.leaks({"log": said})}
    assert {"PROMPT", "USER_ID"} <= found


@pytest.mark.parametrize("before", ["", "u", "us", "use", "somebody:"])
def test_a_value_is_found_as_it_is_and_in_base64(before: str) -> None:
    marks = Canaries()
    text = before + marks["TOKEN"]
    evidence = {"plain": text.encode(), "base64": b64encode(text.encode()), "other": b64encode(b"canary")}
    assert {leak.where for leak in marks.leaks(evidence)} == {"plain", "base64"}
