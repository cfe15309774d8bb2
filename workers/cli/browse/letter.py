"""One letter: where it came from, why it failed, its headers and its decoded value."""

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Footer, Static

from workers.cli.browse.backend import Backend, Chosen
from workers.cli.browse.fixes import FixesScreen
from workers.cli.browse.screen import AskingScreen
from workers.cli.browse.text import shown_text
from workers.ops.dead_letters.count import Group
from workers.ops.dead_letters.letter import Letter


class LetterScreen(AskingScreen):
    """A letter of a page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)", "Next", tooltip="the next letter of the page"),
        Binding("p", "step(-1)", "Prev", tooltip="the letter before"),
        Binding("r", "replay", "Replay", tooltip="send this letter back: first fixes and the plan"),
    ]

    def __init__(self, backend: Backend, group: Group, letters: Sequence[Letter], at: int) -> None:
        super().__init__()
        self._backend, self._group, self._letters, self._at = backend, group, letters, at

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="title")
        yield Static(markup=False, id="status")
        with VerticalScroll():
            yield Static(markup=False, id="letter")
        yield Footer()

    def on_mount(self) -> None:
        """Decode the letter."""
        self._open()

    def action_step(self, step: int) -> None:
        """Go to another letter of the page."""
        if 0 <= self._at + step < len(self._letters):
            self._at += step
            self._open()

    def action_replay(self) -> None:
        """Send this letter back."""
        places = frozenset({self._letters[self._at].place})
        self.app.push_screen(FixesScreen(self._backend, Chosen(self._group, places)))

    def _open(self) -> None:
        letter = self._letters[self._at]
        title = f"letter {self._at + 1} of {len(self._letters)} of this page, {letter.record.topic}"
        self.query_one("#title", Static).update(title)
        self.ask("decoding", lambda: self._backend.show(self._group, letter), self._show)

    def _show(self, view: dict[str, Any]) -> None:
        self.query_one("#letter", Static).update(shown_text(view))
        self.query_one(VerticalScroll).scroll_home(animate=False)
