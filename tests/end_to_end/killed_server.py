"""Kill and restart servers of the tests' shared stack."""

import psutil  # type: ignore[import-untyped]  # it ships no types

from tests.conftest import HOME
from workers.dev.stack.lifecycle import up
from workers.dev.stack.running import RunningStack
from workers.dev.stack.state import load_state


def kill(stack: RunningStack, server: str) -> None:
    """Send SIGKILL; do nothing if the server is an external one."""
    known = load_state(HOME, stack.name).servers[server]
    if known.external:
        return
    assert known.process is not None, f"{server} does not run"
    process = psutil.Process(known.process.pid)
    process.kill()
    _, alive = psutil.wait_procs([process], timeout=30)
    assert not alive, f"{server} outlived SIGKILL"


def start_again(stack: RunningStack) -> None:
    """Start the stopped servers; return when ready at their old addresses."""
    state = up(stack.name, (), environment=stack.environment, home=HOME, well_known_ports=False)
    # The stack may have got more servers since this test asked for it.
    assert stack.environment.items() <= state.environment.items(), "the servers came back in another place"
