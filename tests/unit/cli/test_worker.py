"""`memory-graph worker` before it has consumed any record."""

import subprocess
import sys

SIGTERM_WHERE_IMPORTS_CONVERT_EXCEPTIONS = """
import builtins, os, signal
from workers.cli import worker

def load(*arguments, **named):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.sigtimedwait([], 1)  # let the handler run
    except BaseException as error:
        raise ImportError("half a module") from error

builtins.__import__ = load
worker.worker("telemetry")
"""


def test_sigterm_during_imports_ends_it_with_code_0_even_if_an_import_converts_exceptions() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SIGTERM_WHERE_IMPORTS_CONVERT_EXCEPTIONS], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")
