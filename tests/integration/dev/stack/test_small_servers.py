"""How stacks start, stop and report, tested with servers that start in milliseconds."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.integration.dev.stack.tiny import crash, listen, tiny
from workers.core.errors import Unreachable
from workers.dev.stack import lifecycle as stacks
from workers.dev.stack import status as statuses
from workers.dev.stack.ports import choose_port, http_ok
from workers.dev.stack.progress import NoProgress
from workers.dev.stack.server import Instance, LocalServer
from workers.dev.stack.state import StackState
from workers.dev.stack.status import RunState

Use = Callable[..., None]


class RecordedProgress(NoProgress):
    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, server: str, text: str) -> None:
        self.steps.append(f"{server}: {text}")

    done = step


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Replace the servers of stacks by these."""

    def use(*servers: LocalServer) -> None:
        known = {server.name: server for server in servers}
        monkeypatch.setattr(stacks, "SERVERS", known)
        monkeypatch.setattr(statuses, "SERVERS", known)
        monkeypatch.setattr(stacks, "names_for", lambda _extras: tuple(known))

    return use


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for folder in [path for path in tmp_path.iterdir() if path.is_dir()]:
        stacks.down(folder.name, home=tmp_path)


def up(home: Path, name: str = "one", progress: RecordedProgress | None = None, **settings: str) -> StackState:
    return stacks.up(name, (), progress, environment=settings, home=home)


def conditions(home: Path, name: str = "one") -> list[RunState]:
    return [row.state for row in statuses.status(name, home=home)]


def pids(state: StackState) -> dict[str, int]:
    return {name: known.process.pid for name, known in state.servers.items() if known.process}


def free() -> int:
    return choose_port((), ())


def test_up_returns_when_all_servers_are_ready_with_their_addresses(use: Use, home: Path) -> None:
    use(tiny("alpha", free()), tiny("beta", free()))
    state = up(home)
    for name in ("alpha", "beta"):
        assert http_ok(state.servers[name].ports["http"], "/")
    assert state.environment == statuses.environment("one", home=home)
    assert conditions(home) == [RunState.RUNNING, RunState.RUNNING]


def test_a_second_up_changes_nothing(use: Use, home: Path) -> None:
    use(tiny("alpha", free()))
    assert up(home) == up(home)


def test_down_stops_exactly_what_up_started(use: Use, home: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as bystander:
        use(tiny("alpha", free()), tiny("beta", free()))
        started = pids(up(home))
        stacks.down("one", home=home)
        assert not any(psutil.pid_exists(pid) for pid in started.values())
        assert bystander.poll() is None
        bystander.kill()
    assert conditions(home) == [RunState.STOPPED, RunState.STOPPED]


def test_ports_and_passwords_stay_after_down_and_go_with_reset(use: Use, home: Path) -> None:
    use(tiny("alpha", free()))
    before = up(home).environment
    stacks.down("one", home=home)
    assert up(home).environment == before
    stacks.reset("one", home=home)
    assert list(home.iterdir()) == []
    assert up(home).environment["ALPHA_PASSWORD"] != before["ALPHA_PASSWORD"]


def test_two_stacks_run_side_by_side(use: Use, home: Path) -> None:
    use(tiny("alpha", free()))
    one, two = up(home, "one"), up(home, "two")
    assert one.environment["ALPHA_URL"] != two.environment["ALPHA_URL"]
    stacks.down("one", home=home)
    assert conditions(home, "two") == [RunState.RUNNING]


def test_a_stack_does_not_take_the_port_of_a_stopped_stack(use: Use, home: Path) -> None:
    use(tiny("alpha", free()))
    one = up(home, "one")
    stacks.down("one", home=home)
    assert up(home, "two").environment["ALPHA_URL"] != one.environment["ALPHA_URL"]


def test_a_server_that_ends_while_starting_is_reported_with_its_log_and_all_are_stopped(use: Use, home: Path) -> None:
    use(tiny("alpha", free()), tiny("broken", free(), crash))
    with pytest.raises(Unreachable, match="there is no disk left"):
        up(home)
    assert conditions(home) == [RunState.STOPPED] * len(conditions(home))


def test_status_shows_a_crash_and_the_next_up_reports_it_and_starts_the_server_again(use: Use, home: Path) -> None:
    use(tiny("alpha", free()), tiny("beta", free()))
    before = pids(up(home))
    os.kill(before["alpha"], signal.SIGKILL)
    psutil.wait_procs([psutil.Process(before["alpha"])], timeout=10)
    assert conditions(home) == [RunState.CRASHED, RunState.RUNNING]
    after = pids(up(home, progress=(recorded := RecordedProgress())))
    assert any("alpha had crashed" in step and "Serving HTTP" in step for step in recorded.steps)
    assert after["alpha"] != before["alpha"]
    assert after["beta"] == before["beta"]


def test_a_port_that_another_process_takes_before_the_start_is_replaced(use: Use, home: Path) -> None:
    thieves: list[subprocess.Popen[bytes]] = []

    def stolen_once(instance: Instance) -> list[str]:
        if not thieves:
            thieves.append(subprocess.Popen([sys.executable, *listen(instance)], stderr=subprocess.DEVNULL))
            while not http_ok(instance.ports["http"], "/"):
                assert thieves[0].poll() is None
        return listen(instance)

    use(tiny("alpha", wanted := free(), stolen_once))
    state = up(home, progress=(recorded := RecordedProgress()))
    assert state.servers["alpha"].ports["http"] != wanted
    assert "alpha: another process has taken its port, trying another port" in recorded.steps
    thieves[0].kill()
    thieves[0].wait()


def test_a_server_starts_after_those_that_it_needs_and_gets_their_addresses(use: Use, home: Path) -> None:
    seen: list[str] = []

    def noting(instance: Instance) -> list[str]:
        assert http_ok(int(instance.environment["ALPHA_URL"].rpartition(":")[2]), "/")
        seen.append(instance.environment["ALPHA_URL"])
        return listen(instance)

    use(tiny("beta", free(), noting, needs=("alpha",)), tiny("alpha", free()))
    assert seen == [up(home).environment["ALPHA_URL"]]


def test_every_up_provisions_the_servers_when_all_are_ready(use: Use, home: Path) -> None:
    seen: list[str] = []

    def provision(environment: Mapping[str, str]) -> str:
        assert http_ok(int(environment["BETA_URL"].rpartition(":")[2]), "/")
        seen.append(environment["ALPHA_URL"])
        return "has its tables"

    use(tiny("alpha", free(), provision=provision), tiny("beta", free()))
    environment = up(home, progress=(recorded := RecordedProgress())).environment
    up(home)
    assert seen == [environment["ALPHA_URL"]] * 2
    assert recorded.steps[-1] == "alpha: has its tables"
    up(home, "other", None, **environment)
    assert len(seen) == 2, "an external server was provisioned"


def test_servers_that_cannot_be_provisioned_stay_up(use: Use, home: Path) -> None:
    def provision(_environment: Mapping[str, str]) -> str:
        raise Unreachable("no table today")

    use(tiny("alpha", free(), provision=provision))
    with pytest.raises(Unreachable, match="no table today"):
        up(home)
    assert conditions(home) == [RunState.RUNNING]


def test_status_reports_a_server_that_runs_but_does_not_work(use: Use, home: Path) -> None:
    use(tiny("alpha", free(), trouble=lambda environment: f"{environment['ALPHA_URL']} is on strike"))
    address = up(home).environment["ALPHA_URL"]
    assert [row.trouble for row in statuses.status("one", home=home)] == [f"{address} is on strike"]
    stacks.down("one", home=home)
    assert [row.trouble for row in statuses.status("one", home=home)] == [None]


def test_a_server_that_the_environment_names_is_used(use: Use, home: Path) -> None:
    use(tiny("alpha", free()))
    theirs = up(home, "theirs").environment
    state = up(home, "one", None, **theirs)
    assert pids(state) == {}
    assert statuses.environment("one", home=home) == theirs
    assert conditions(home, "one") == [RunState.EXTERNAL]
    stacks.down("one", home=home)
    assert conditions(home, "theirs") == [RunState.RUNNING]
    stacks.down("theirs", home=home)
    assert conditions(home, "one") == [RunState.UNREACHABLE]


def test_the_error_for_a_named_server_that_does_not_answer_names_the_fix(use: Use, home: Path) -> None:
    use(tiny("alpha", free()))
    with pytest.raises(Unreachable, match="unset ALPHA_URL"):
        up(home, ALPHA_URL=f"http://127.0.0.1:{free()}")


def test_a_stack_does_not_treat_its_own_settings_as_an_external_server(use: Use, home: Path) -> None:
    use(tiny("alpha", free()))
    own = up(home).environment
    stacks.down("one", home=home)
    assert "alpha" in pids(up(home, "one", None, **own))


def test_the_environment_of_a_stopped_stack_is_an_error(use: Use, home: Path) -> None:
    use(tiny("alpha", free()))
    up(home)
    stacks.down("one", home=home)
    with pytest.raises(Unreachable, match="stack up"):
        statuses.environment("one", home=home)
