"""Start the stack, and return its addresses."""

import os
from collections.abc import Sequence

from workers.dev.stack.lifecycle import up
from workers.dev.stack.progress import stack_progress


def start_servers(name: str, extras: Sequence[str] = ()) -> dict[str, str]:
    """Start the missing servers of the stack ``name`` with its ``extras``; return its settings.

    Also sets them in the environment of this process and its workers. Raises ``Unreachable``, ``Misconfigured``.
    """
    with stack_progress() as report:
        environment = up(name, extras, report).environment
    os.environ.update(environment)
    return environment
