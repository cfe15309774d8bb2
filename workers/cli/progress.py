"""How a command says how far it has come: a line that changes on a terminal, now and then a line elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

LINE_EVERY_SECONDS = 5.0


@contextmanager
def progress(doing: str) -> Iterator[Callable[[str], None]]:
    """Give what to call with each next state, on stderr."""
    from rich.console import Console  # noqa: PLC0415 - loaded when run, so that --help stays fast

    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(doing) as status:
            yield status.update
        return
    due = monotonic() + LINE_EVERY_SECONDS

    def line(state: str) -> None:
        nonlocal due
        if monotonic() >= due:
            due = monotonic() + LINE_EVERY_SECONDS
            console.print(state)

    yield line
