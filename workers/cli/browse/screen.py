"""What all screens share: a question to the backend in a thread, one line that says how it goes, and a table."""

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from rich.text import Text
from textual import events, on
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.screen import Screen
from textual.widgets import DataTable, Static
from textual.worker import Worker, WorkerState, get_current_worker

from workers.cli.output import plain
from workers.core.errors import OperatorError

AnswerT = TypeVar("AnswerT")
SAY_SECONDS = 0.5
WIDE = 120
"""Columns of the terminal from which a table has all its columns."""


class Stopped(Exception):
    """The operator has left: nobody waits for the answer."""


def watch() -> None:
    """Count a letter that was read, and end the reading if its screen is gone."""
    worker = get_current_worker()
    worker.advance()
    if worker.is_cancelled:
        raise Stopped


class AskingScreen(Screen[None]):
    """A screen that asks the backend, one question at a time. The interface goes on meanwhile."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", tooltip="the screen before")]

    asked: Worker[Any] | None = None
    _doing: str
    _began: float
    _answered: Callable[[Any], None]

    def ask(self, doing: str, question: Callable[[], AnswerT], answered: Callable[[AnswerT], None]) -> None:
        """Run a question in a thread, then ``answered`` with its result; an error of a server is shown."""
        self._doing, self._answered, self._began = doing, answered, time.monotonic()
        self.say(f"{doing} …")
        self.asked = self.run_worker(question, thread=True, exclusive=True, exit_on_error=False)

    @property
    def asking(self) -> bool:
        """Tell whether an answer is under way."""
        return self.asked is not None and not self.asked.is_finished

    def say(self, sentence: str, *, is_error: bool = False) -> None:
        """Show one sentence."""
        line = self.query_one("#status", Static)
        line.set_class(is_error, "error")
        line.update(Text(plain(sentence)))

    def on_mount(self) -> None:
        """Begin to show how far the reading is."""
        self.set_interval(SAY_SECONDS, self.say_progress)

    def say_progress(self) -> None:
        """Say how long it has taken, and how many letters were read."""
        if self.asking and self.asked:
            read = f", {self.asked.completed_steps:,} dead letters read" if self.asked.completed_steps else ""
            self.say(f"{self._doing} … {time.monotonic() - self._began:.0f} s{read}")

    @on(Worker.StateChanged)
    def answer(self, event: Worker.StateChanged) -> None:
        """Take the answer of the last question. An error that is no operator's is a bug, and ends the program."""
        if event.worker is not self.asked:
            return
        if event.state is WorkerState.SUCCESS:
            self.say("")
            self._answered(event.worker.result)
        elif event.state is WorkerState.ERROR and event.worker.error is not None:
            if not isinstance(event.worker.error, OperatorError):
                raise event.worker.error
            self.failed(event.worker.error)

    def failed(self, error: OperatorError) -> None:
        """Show why there is no answer."""
        self.say(str(error), is_error=True)

    async def action_back(self) -> None:
        """Go back to the screen before."""
        self.app.pop_screen()


class Rows(DataTable[Text]):
    """A table of texts with a row for each key. Columns in ``wide_only`` are left out on a narrow terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "Open", tooltip="open this line")]

    def __init__(self, names: Sequence[str], wide_only: Sequence[str] = ()) -> None:
        super().__init__(cursor_type="row", zebra_stripes=True)
        self._names, self._wide_only = names, wide_only
        self._rows: Sequence[dict[str, str]] = ()
        self._is_wide = False

    def show(self, rows: Sequence[dict[str, str]]) -> None:
        """Show these rows; the cursor stays where it was."""
        self._rows, at = rows, self.cursor_row
        names = [name for name in self._names if self._is_wide or name not in self._wide_only]
        self.clear(columns=True)
        for name in names:
            self.add_column(name, key=name)
        for row in rows:
            self.add_row(*(Text(row[name], no_wrap=True) for name in names))
        self.move_cursor(row=min(at, len(rows) - 1), animate=False)

    def mark(self, row: int, text: str) -> None:
        """Show another text in the first column of a row."""
        self._rows[row][self._names[0]] = text
        self.update_cell_at(Coordinate(row, 0), Text(text))

    def on_resize(self, _: events.Resize) -> None:
        """Show more columns, or fewer."""
        is_wide = self.app.size.width >= WIDE
        if is_wide is not self._is_wide:
            self._is_wide = is_wide
            self.show(self._rows)
