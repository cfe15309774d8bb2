"""Shell completion of values, as bash asks for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("dlq list --reason avro.tr", {"avro.trailing_bytes", "avro.truncated"}),
        ("dlq replay --reason neo4j.const", {"neo4j.constraint"}),
        ("dlq show --topic llm-", {"llm-telemetry-events"}),
        ("dlq purge --worker reg", {"registry"}),
        ("dlq list --stage D", {"DECODE"}),
        ("graph verify --check tr", {"traces"}),
    ],
)
def test_values_are_completed(words: str, completed: set[str]) -> None:
    line = f"memory-graph {words}"
    asked = {
        "_MEMORY_GRAPH_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
        "MEMORY_GRAPH_TOPOLOGY": str(ROOT / "topology.yaml"),
    }
    command = [sys.executable, "-m", "workers.cli.main"]
    output = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=True).stdout
    assert set(output.split()) == completed
