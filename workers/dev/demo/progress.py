"""Progress of the demo: a bar or spinner on a terminal, otherwise lines."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Tell = Callable[[int, int], None]
"""Progress of a step: done, and total."""


class Steps:
    """Shows one step after another on ``console``, which is standard error."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, text: str) -> Iterator[Tell]:
        """Show that the step runs, then that it is done, with its duration."""
        started = time.monotonic()
        if self._console.is_terminal:
            with self._bar() as progress:
                task = progress.add_task(text, total=None, counts="")
                yield lambda done, total: progress.update(
                    task, completed=done, total=max(total, 1), counts=f"{done:,} of {total:,}"
                )
        else:
            yield lambda _done, _total: None
        self._console.print(f"[green]✓[/] {text} [dim]{time.monotonic() - started:.1f} s[/]", highlight=False)

    def _bar(self) -> Progress:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(24),
            TextColumn("{task.fields[counts]}"),
        )
        return Progress(*columns, TimeElapsedColumn(), console=self._console, transient=True)
