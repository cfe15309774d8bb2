"""The program: its look, and the keys that every screen has."""

from collections.abc import Iterator
from typing import ClassVar

from rich.console import Group
from rich.text import Text
from rich.traceback import Traceback
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Input, Static, TextArea

from workers.cli.browse.backend import Backend
from workers.cli.browse.groups import GroupsScreen
from workers.cli.browse.text import TODAY, facts_grid

CSS = """
#title { background: $primary; color: $text; text-style: bold; padding: 0 1; }
#status { padding: 0 1; min-height: 1; color: $text-muted; }
#status.error { color: $text; background: $error; }
#detail { padding: 0 1; height: auto; max-height: 7; border-top: solid $primary; }
#explanation, #letter, #plan, #result { padding: 0 1; }
Rows, VerticalScroll { height: 1fr; }
ProgressBar { padding: 0 1; }
ConfirmScreen, HelpScreen { align: center middle; }
.dialog { width: 90%; max-width: 100; height: auto; max-height: 80%; padding: 1 2; border: round $primary;
          background: $surface; }
"""
TYPED = ("help", "leave")
"""Actions whose keys are letters."""


class BrowseApp(App[None]):
    """Dead letters on a terminal."""

    CSS = CSS
    TITLE = "dead letters"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("f1", "explain", "Help"),
        Binding("q", "leave", "Quit"),
    ]

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend = backend

    def on_mount(self) -> None:
        """Open the first screen."""
        self.push_screen(GroupsScreen(self._backend))

    def action_groups(self) -> None:
        """Go back to the groups, and count them again."""
        while not isinstance(self.screen, GroupsScreen):
            self.pop_screen()
        self.screen.action_read()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Take letters for keys only where no text is typed; F1 is the help there."""
        is_typing = isinstance(self.focused, Input | TextArea)
        return is_typing if action == "explain" else not (is_typing and action in TYPED)

    def action_leave(self) -> None:
        """End. A replay under way stops after its batch."""
        self.exit()

    def action_explain(self) -> None:
        """Explain the keys of the screen."""
        self.action_help()

    def action_help(self) -> None:
        """Explain the keys of the screen."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def _fatal_error(self) -> None:
        """End with a traceback, as for any bug, but without local variables: they may have texts of prompts."""
        self.panic(Traceback(show_locals=False))


class HelpScreen(ModalScreen[None]):
    """The keys of a screen, and what the verdicts mean."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1", "dismiss", "Back", key_display="esc")]

    def __init__(self, explained: Screen[object]) -> None:
        super().__init__()
        self._keys = facts_grid(_keys(explained))

    def compose(self) -> ComposeResult:
        meanings = facts_grid((short, str(verdict)) for verdict, short in TODAY.items())
        with VerticalScroll(classes="dialog"):
            yield Static(Group(self._keys, Text("\nWhat a replay does with a letter today", "bold"), meanings))
        yield Footer()


def _keys(screen: Screen[object]) -> Iterator[tuple[str, str]]:
    yield "arrows, page up", "move"
    for key, active in screen.active_bindings.items():
        if active.binding.show and active.binding.tooltip:
            yield key, active.binding.tooltip
    yield "? or F1", "this help"
    yield "q or ctrl+q", "quit; a replay under way stops after its batch"
