"""Servers of the stack that tests share: killed, and started again on the same ports and data."""

import psutil  # type: ignore[import-untyped]  # it ships no types

from tests.conftest import HOME
from workers.dev.stack.lifecycle import up
from workers.dev.stack.running import RunningStack
from workers.dev.stack.state import load_state


def kill(stack: RunningStack, server: str) -> None:
    """SIGKILL; does nothing to one that is a container of somebody else's."""
    known = load_state(HOME, stack.name).servers[server]
    if known.external:
        return
    assert known.process is not None, f"{server} does not run"
    process = psutil.Process(known.process.pid)
    process.kill()
    _, alive = psutil.wait_procs([process], timeout=30)
    assert not alive, f"{server} outlived SIGKILL"


def start_again(stack: RunningStack) -> None:
    """Start what does not run; return when all of it is ready, where it was before."""
    state = up(stack.name, (), environment=stack.environment, home=HOME, well_known_ports=False)
    assert state.environment == stack.environment, "the servers came back in another place"
