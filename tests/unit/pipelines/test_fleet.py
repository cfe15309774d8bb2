import ast
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import grimp
import pytest

from workers.core.worker import WorkerFactory
from workers.pipelines.fleet import FLEET

PURE = {"genai_prices", "jsoncompat", "jsonschema", "msgspec", "orjson", "pydantic", "rfc8785"}
"""Libraries that do no I/O: data, JSON, and its schemas."""
OPTION_TYPES = {"workers.config.block", "workers.config.takes_effect", "workers.config.worker_options"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("workers", include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("name", FLEET)
def test_a_worker_folder_imports_core_option_types_and_what_does_no_io(name: str, graph: grimp.ImportGraph) -> None:
    folder = f"workers.pipelines.{name}"
    modules = graph.find_descendants(folder) | {folder}
    imported = {each for module in modules for each in graph.find_modules_directly_imported_by(module)}
    outside = {each for each in imported - modules if not each.startswith("workers.core")}
    assert outside <= PURE | OPTION_TYPES | {each for each in outside if each.split(".")[0] in sys.stdlib_module_names}


@pytest.mark.parametrize(("name", "factory"), FLEET.items(), ids=FLEET)
def test_a_worker_is_named_after_its_folder_and_says_where_its_events_come_from(
    name: str, factory: WorkerFactory[Any]
) -> None:
    assert factory.name == name
    assert import_module(f"workers.pipelines.{name}").__doc__
    spec = factory.build(factory.options(topic="t", group="g"), has_api=False)
    assert spec.name == name
    assert spec.source in {"observatory", "registry", "vault"}


def test_only_the_evolution_worker_writes_its_own_topic() -> None:
    assert [name for name, factory in FLEET.items() if factory.writes_own_topic] == ["evolution"]


@pytest.mark.parametrize("package", ["core", "config", "observe", "adapters", "engine"])
def test_a_package_that_serves_every_worker_names_none(package: str) -> None:
    named = [
        f"{path}:{node.lineno}: {node.value!r}"
        for path in sorted(Path("workers", package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in FLEET
    ]
    assert named == []
