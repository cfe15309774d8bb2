"""What `memory-graph worker` does before there is anything to drain."""

import subprocess
import sys

TOLD_TO_GO_WHERE_EXCEPTIONS_ARE_TURNED = """
import builtins, os, signal
from workers.cli import worker

def load(*arguments, **named):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.sigtimedwait([], 1)  # hand over to the handler
    except BaseException as error:
        raise ImportError("half a module") from error

builtins.__import__ = load
worker.worker("telemetry")
"""


def test_told_to_go_while_loading_it_ends_with_0_also_where_an_import_turns_every_exception() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", TOLD_TO_GO_WHERE_EXCEPTIONS_ARE_TURNED], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")
