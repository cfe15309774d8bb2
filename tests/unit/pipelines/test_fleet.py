from importlib import import_module
from typing import Any

import grimp
import pytest

from workers.core.worker import WorkerSpec
from workers.pipelines.fleet import FLEET, writes_its_own_records

PURE = {"genai_prices", "jsoncompat", "jsonschema", "msgspec", "orjson"}
"""Libraries that do no I/O: data, JSON, and its schemas."""


def folder_of(worker: WorkerSpec[Any, Any]) -> str:
    """The package that a worker's parse function comes from, such as ``workers.pipelines.telemetry``."""
    return ".".join(worker.parse.__module__.split(".")[:3])


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("workers", include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("worker", FLEET.values(), ids=FLEET)
def test_a_worker_folder_imports_core_and_what_does_no_io(
    worker: WorkerSpec[Any, Any], graph: grimp.ImportGraph
) -> None:
    folder = folder_of(worker)
    modules = graph.find_descendants(folder) | {folder}
    imported = {each for module in modules for each in graph.find_modules_directly_imported_by(module)}
    outside = {each for each in imported - modules if not each.startswith("workers.core")}
    assert outside <= PURE | stdlib_of(outside)


def stdlib_of(names: set[str]) -> set[str]:
    import sys  # noqa: PLC0415 - for this alone

    return {name for name in names if name.split(".")[0] in sys.stdlib_module_names}


@pytest.mark.parametrize("worker", FLEET.values(), ids=FLEET)
def test_a_worker_is_named_after_its_folder_and_says_where_its_events_come_from(worker: WorkerSpec[Any, Any]) -> None:
    assert import_module(folder_of(worker)).__doc__
    assert folder_of(worker) == f"workers.pipelines.{worker.name}"
    assert worker.source in {"observatory", "registry", "vault"}


def test_only_the_log_of_decisions_is_written_by_who_reads_it() -> None:
    assert [name for name in FLEET if writes_its_own_records(name)] == ["evolution"]
