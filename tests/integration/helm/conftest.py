"""The programs that check the chart, built once in the cache of the stacks. No server is needed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import HOME
from tests.integration.helm.chart import Helm, Manifests
from tests.integration.helm.schemas import write_custom_resources
from workers.dev.stack.go_programs import build
from workers.dev.stack.home import CACHE


@pytest.fixture(scope="module", autouse=True)
def environment_of_the_stack() -> None:
    """Start no server: this fixture replaces the one of all integration tests."""


@pytest.fixture(scope="session")
def cache() -> Path:
    return HOME / CACHE


@pytest.fixture(scope="session")
def helm(cache: Path) -> Helm:
    return Helm(build("helm", cache))


@pytest.fixture(scope="session")
def helm_unittest(cache: Path) -> Path:
    return build("helm-unittest", cache)


@pytest.fixture(scope="session")
def kubeconform(cache: Path) -> Path:
    return build("kubeconform", cache)


@pytest.fixture(scope="session")
def custom_resources(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JSON Schemas of the custom resources that the chart makes."""
    return write_custom_resources(tmp_path_factory.mktemp("custom-resources"), cache)


@pytest.fixture(scope="session")
def manifests(helm: Helm) -> Callable[..., Manifests]:
    """Render the chart with value files of ``helm/tests/values`` and further arguments; each combination once."""
    return helm.template
