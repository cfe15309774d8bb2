"""Show the progress of a command: a changing line on a terminal, a new line every few seconds elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

LINE_EVERY_SECONDS = 5.0


@contextmanager
def progress(activity: str) -> Iterator[Callable[[str], None]]:
    """Yield a function that prints the current state on standard error."""
    from rich.console import Console  # noqa: PLC0415 - loaded when used, so that --help stays fast

    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(activity) as status:
            yield status.update
        return
    due = monotonic() + LINE_EVERY_SECONDS

    def line(state: str) -> None:
        nonlocal due
        if monotonic() >= due:
            due = monotonic() + LINE_EVERY_SECONDS
            console.print(state)

    yield line
