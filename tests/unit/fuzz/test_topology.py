"""``topology.yaml`` of any content: it is taken, or every fault is a sentence with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fuzz.mutations import FUZZ, in_time, mutated
from workers.config.resolved import annotated, resolve
from workers.core.errors import Misconfigured
from workers.pipelines.fleet import OPTION_MODELS, load_topology

ROOT = Path(__file__).parents[3]
WHOLE = (ROOT / "topology.yaml").read_bytes()
SHORT = b"""\
topics:
  t: {partitions: 2, key: trace_id, retention_hours: 1, max_message_bytes: 2048, config: {cleanup.policy: compact}}
  u: {partitions: 1}
defaults:
  batch: {max_rows: 10}
  breaker: {probe_after_seconds: [1.0, 2.0]}
workers:
  telemetry: {topic: t, group: g, order: strict, retry: {initial_ms: 5, max_ms: 10}, throttle: {target_commit_ms: 1}}
  registry:
    topic: u
    group: h
    accept: {capabilities: [vision], version_pattern: "^[0-9]+$"}
  audit: {topic: u, group: i, chain_id: a, checkpoint: {every_events: 5, on_outage: hold}}
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "topology.yaml"


@FUZZ
@given(content=st.one_of(mutated([SHORT]), mutated([SHORT, WHOLE]), st.binary(max_size=40)))
def test_it_is_taken_or_each_fault_has_its_line(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with in_time():
        try:
            topology = load_topology(file)
            annotated(resolve(file, OPTION_MODELS))
        except Misconfigured as fault:
            lines = str(fault).splitlines()
            assert all(line.startswith(str(file)) for line in lines)
        else:
            assert topology.topics
            assert topology.workers
