"""Start the stack, and learn where it is."""

import os
from collections.abc import Sequence

from workers.dev.stack.lifecycle import up
from workers.dev.stack.progress import stack_progress


def start_servers(name: str, extras: Sequence[str] = ()) -> dict[str, str]:
    """Start what does not run yet of the stack ``name`` with its ``extras``, with progress; return its settings.

    They become this process's settings, too, and so its workers'. Raises ``Unreachable``, ``Misconfigured``.
    """
    with stack_progress() as report:
        environment = up(name, extras, report).environment
    os.environ.update(environment)
    return environment
