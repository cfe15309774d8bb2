"""What a person sees while the demo runs: a bar or spinner on a terminal, a line at the end of each step elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Tell = Callable[[int, int], None]
"""How far a step is: done, and of how many."""


class Steps:
    """Shows one step after the other on ``console``, which is standard error."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, text: str) -> Iterator[Tell]:
        """Show that the step is under way, then that it is done and how long it took."""
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
