"""One stack of real servers for a test run, started when the first test asks for it.

``pytest --docker`` takes containers instead; MEMORY_GRAPH_TEST_STACK=NAME a stack that runs already.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest
import structlog
from xdist.remote import Producer  # type: ignore[import-untyped]  # it ships no types
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # same reason as above

from workers.core.errors import Unreachable
from workers.dev.stack.lifecycle import reset, up
from workers.dev.stack.progress import ProgressLines
from workers.dev.stack.running import RunningStack
from workers.dev.stack.servers.java import OPTIONS_VARIABLE
from workers.dev.stack.state import all_states
from workers.dev.stack.status import environment
from workers.observe.log import NOISY

HOME = Path(os.environ.get("MEMORY_GRAPH_HOME") or Path(__file__).parent.parent / ".memory-graph").absolute()
PREFIX = "test-"
os.environ.setdefault(
    OPTIONS_VARIABLE,
    # For servers that live for minutes: compile once; do not verify classes whose files were compared with a hash.
    "-XX:TieredStopAtLevel=1 -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--an-hour", action="store_true", help="200,000 records in the scenario of the dead letters")
    parser.addoption("--audit-events", type=int, default=2_000, help="events of the chains that are edited")
    parser.addoption("--docker", action="store_true", help="run Kafka, Neo4j and the schema registry as containers")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--docker"):
        from tests.containers import engine_answers  # noqa: PLC0415 - only who wants containers pays for the import

        if not engine_answers():
            raise pytest.UsageError(
                "--docker needs a Docker engine, and none answers: start it, or leave out --docker."
            )


OF_THEIR_OWN = (
    "tests/end_to_end/test_schema_migrations.py",
    "tests/end_to_end/test_secure_transport.py",
    "tests/end_to_end/test_the_dashboards.py",  # it leaves changes of the registry that no worker has read
    "tests/end_to_end/test_walkthrough.py",
    "tests/integration/helm/",
    "tests/integration/image/",
    "tests/integration/monitoring/",
    "tests/integration/ops/backup/",
    "tests/integration/ops/dead_letters/test_tally.py",
    "tests/integration/ops/rebuild/",
)
"""Tests without servers, or with servers of their own; and so many others that all processes end at about one time."""


GROUPS = ("end_to_end", "of their own", "integration", "chaos", "")
"""The order in which processes take groups of tests: those that take longest come first, unit tests last."""


class BesideTheServers(LoadScopeScheduling):  # type: ignore[misc]  # same reason as above
    """Keeps all tests that share servers in one process, and the others beside it."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid) or nodeid.partition("::")[0]


def group_of(nodeid: str) -> str:
    """Return the group of tests that one process executes, or an empty text for a unit test."""
    if nodeid.startswith(OF_THEIR_OWN):
        return "of their own"
    kind = nodeid.split("/")[1]
    return "" if kind == "unit" else kind


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the groups: a process that is free takes the first group that nobody has."""
    items.sort(key=lambda item: GROUPS.index(group_of(item.nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Share out the tests as ``BesideTheServers`` does, for ``--dist loadscope`` alone."""
    return BesideTheServers(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Undo what a test configured: a handler that stays writes to a stream that is closed, in the tests after it."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {logger: logger.level for logger in (root, *map(logging.getLogger, NOISY))}
    yield
    root.handlers[:] = handlers
    for logger, level in levels.items():
        logger.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[RunningStack]:
    """Kafka, Neo4j and the schema registry, shared by all tests of this run: use names of your own."""
    if name := os.environ.get("MEMORY_GRAPH_TEST_STACK"):
        try:
            yield RunningStack(name, environment(name, home=HOME))
        except Unreachable as error:
            raise pytest.UsageError(f"MEMORY_GRAPH_TEST_STACK: {error}") from error
        return
    _remove_left_overs()
    name = f"{PREFIX}{os.getpid()}"
    with ExitStack() as cleanup:
        settings: dict[str, str] = {}
        if request.config.getoption("--docker"):
            from tests.containers import core_servers  # noqa: PLC0415 - as above

            settings = cleanup.enter_context(core_servers())
        cleanup.callback(reset, name, home=HOME)
        yield RunningStack(name, _up(name, (), settings))


@pytest.fixture(scope="session")
def stack_with_cdc(stack: RunningStack) -> RunningStack:
    """The same stack, with PostgreSQL, and Debezium writing its changes to Kafka, added to it."""
    return RunningStack(stack.name, _up(stack.name, ("cdc",), {}))


@pytest.fixture(scope="session")
def stack_with_monitoring(stack: RunningStack) -> RunningStack:
    """The same stack, with a Prometheus that scrapes the workers which get its environment, added to it."""
    return RunningStack(stack.name, _up(stack.name, ("monitoring",), {}))


@pytest.fixture(scope="session")
def stack_with_vault(stack: RunningStack) -> RunningStack:
    """The same stack, with OpenBao added to it."""
    return RunningStack(stack.name, _up(stack.name, ("vault",), {}))


@pytest.fixture(scope="session")
def stack_with_cdc_and_vault(stack: RunningStack) -> RunningStack:
    """The same stack, with PostgreSQL, Kafka Connect and OpenBao added to it."""
    return RunningStack(stack.name, _up(stack.name, ("cdc", "vault"), {}))


@pytest.fixture(scope="module")
def secure_stack() -> Iterator[RunningStack]:
    """All servers but Prometheus, with TLS, logins and ACLs, for one test file.

    MEMORY_GRAPH_TEST_SECURE_STACK=NAME takes one that runs already.
    """
    if name := os.environ.get("MEMORY_GRAPH_TEST_SECURE_STACK"):
        yield RunningStack(name, environment(name, home=HOME))
        return
    _remove_left_overs()
    name = f"{PREFIX}{os.getpid()}s"
    try:
        yield RunningStack(name, _up(name, ("cdc", "vault"), {}, secure=True))
    finally:
        reset(name, home=HOME)


def _up(name: str, extras: tuple[str, ...], settings: dict[str, str], *, secure: bool = False) -> dict[str, str]:
    return up(
        name, extras, ProgressLines(), environment=settings, home=HOME, well_known_ports=False, secure=secure
    ).environment


def _remove_left_overs() -> None:
    """Stop what a killed test run left behind: its process is in the name."""
    for state in list(all_states(HOME)):
        owner = state.name.removeprefix(PREFIX).rstrip("bs")
        if owner != state.name and owner.isdigit() and not psutil.pid_exists(int(owner)):
            reset(state.name, home=HOME)
