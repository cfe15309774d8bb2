"""Documents that the code contradicts, links that lead nowhere, and words that a reader must translate."""

import ast
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types
from ruamel.yaml import YAML

from tests.unit.documentation.tables import BLOCK, ROOT, SCHEMA, TABLES, documents, generated, schema
from workers.adapters.avro import decode_errors
from workers.adapters.graph import errors as graph_errors
from workers.core.worker import DeadLetterCode
from workers.pipelines.fleet import FLEET
from workers.pipelines.telemetry.read.parse import KINDS

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE_PATH = re.compile(r"`((?:workers|tests|schemas|helm)/[\w./-]+)`")
REJECTING = {"reject": 0, "Rejected": 1, "Unreadable": 0, "Refused": 0}
"""The functions that take a dead-letter code, and the position of the code."""
README_BYTES = 10_240
HARD_WORDS = re.compile(r"\b(told|likewise|anew|whoever)\b|\b[Ll]et \w+ be\b|\"\"\"Give ", re.IGNORECASE)


def names(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", documents(), ids=names)
def test_tables_say_what_the_code_says(document: Path) -> None:
    text = document.read_text()
    assert text == generated(text), "run make docs"


def test_every_table_is_in_some_document() -> None:
    assert {found[1] for each in documents() for found in BLOCK.findall(each.read_text())} == set(TABLES)


@pytest.mark.parametrize("document", documents(), ids=names)
def test_links_and_paths_lead_somewhere(document: Path) -> None:
    text = document.read_text()
    local = [each.partition("#")[0] for each in LINK.findall(text) if "://" not in each and not each.startswith("#")]
    missing = [each for each in local if not (document.parent / each).exists()]
    missing += [
        each for each in CODE_PATH.findall(text) if not (ROOT / each).exists() and "feedback" not in each.lower()
    ]
    assert missing == []


def test_the_log_lines_that_operators_look_for_exist() -> None:
    text = (ROOT / "workers" / "ops" / "README.md").read_text()
    code = "".join(each.read_text() for each in sorted((ROOT / "workers").rglob("*.py")))
    named = re.findall(r"log(?:: | line )`([^`]+)`", text)
    assert [each for each in named if f'"{each}' not in code] == []
    assert len(named) >= len({"dead letter", "worker failed", "fenced"})


def test_the_record_contract_names_every_event_type() -> None:
    text = (ROOT / "schemas" / "avro" / "README.md").read_text()
    assert set(re.findall(r"`(llm\.[\w.]+)`", text)) == {each for kind in KINDS.values() for each in kind.event_types}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= README_BYTES


def sources() -> list[Path]:
    code = [
        each for folder in ("workers", "schemas") for each in sorted((ROOT / folder).rglob("*.*")) if each.is_file()
    ]
    return [each for each in code if each.suffix in {".py", ".cypher", ".avsc"}] + [
        *documents(),
        ROOT / "topology.yaml",
    ]


def test_nothing_needs_translating() -> None:
    hard = [
        f"{each.relative_to(ROOT)}:{number}: {line.strip()}"
        for each in sources()
        for number, line in enumerate(each.read_text().splitlines(), start=1)
        if HARD_WORDS.search(line)
    ]
    assert hard == []


def codes_in(folder: str) -> set[str]:
    """Return the dead-letter codes that the code of a folder names."""
    return {
        argument.value
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REJECTING
        for argument in node.args[REJECTING[node.func.id] :][:1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def declared(codes: tuple[DeadLetterCode, ...]) -> set[str]:
    return {each.code for each in codes}


SHARED_CHECKS = codes_in("workers/core")
"""Codes of the checks that every pipeline may use."""


@pytest.mark.parametrize("name", FLEET)
def test_a_worker_declares_the_codes_that_it_rejects_with(name: str) -> None:
    known = declared(tuple(FLEET[name].dead_letter_codes))
    used = codes_in(f"workers/pipelines/{name}")
    assert used <= known
    assert {each for each in known - used - SHARED_CHECKS if f'"{each}"' not in source_of(name)} <= {"<column>.<rule>"}


def source_of(name: str) -> str:
    folder = ROOT / "workers" / "pipelines" / name
    return "".join(each.read_text() for each in folder.rglob("*.py") if each.name != "dead_letter_codes.py")


def test_the_adapters_declare_the_codes_that_they_reject_with() -> None:
    assert codes_in("workers/adapters/avro") == declared(decode_errors.DEAD_LETTER_CODES)
    of_the_graph = codes_in("workers/adapters/graph") | codes_in("workers/engine")
    of_the_graph |= set(graph_errors.CONTENT_CODES.values())
    assert of_the_graph == declared(graph_errors.DEAD_LETTER_CODES)


def test_the_json_schema_of_the_topology_is_current_and_the_file_names_it() -> None:
    assert SCHEMA.read_text() == schema(), "run make docs"
    modeline = (ROOT / "topology.yaml").read_text().splitlines()[0]
    assert modeline == f"# yaml-language-server: $schema={SCHEMA.relative_to(ROOT)}"
    Draft202012Validator(json.loads(schema())).validate(YAML(typ="safe").load(ROOT / "topology.yaml"))
