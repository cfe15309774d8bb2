"""What is changed in the letters on their way back."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Static, TextArea

from workers.cli.browse.backend import Backend, Chosen
from workers.cli.browse.plan import PlanScreen
from workers.cli.browse.screen import AskingScreen
from workers.core.errors import Misconfigured
from workers.ops.dead_letters.replaying.repair import fix

EXPLANATION = """\
Change decoded values on the way back: one FIELD=VALUE a line, such as provider=openai or metadata.retries=0.
Leave it empty to send the values as they are. Then press ctrl+s to see the plan; nothing is sent yet."""


class FixesScreen(AskingScreen):
    """A text with one fix a line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "plan", "Plan", tooltip="show what would be sent; nothing is sent yet", priority=True),
    ]

    def __init__(self, backend: Backend, chosen: Chosen) -> None:
        super().__init__()
        self._backend, self._chosen = backend, chosen

    def compose(self) -> ComposeResult:
        yield Static(f"Fixes for {described(self._chosen)}", id="title", markup=False)
        yield Static(markup=False, id="status")
        yield Static(EXPLANATION, markup=False, id="explanation")
        yield TextArea()
        yield Footer()

    def action_plan(self) -> None:
        """Check the fixes, and show the plan."""
        fixes = tuple(filter(str.strip, self.query_one(TextArea).text.splitlines()))
        try:
            for each in fixes:
                fix(each)
        except Misconfigured as error:
            self.say(str(error).replace("--fix", "the fix", 1), is_error=True)
            return
        self.say("")
        self.app.push_screen(PlanScreen(self._backend, self._chosen._replace(fixes=fixes)))


def described(chosen: Chosen) -> str:
    """Return how many letters of what are chosen."""
    group = chosen.group
    count = group.letters if chosen.places is None else len(chosen.places)
    return f"{count:,} of {group.letters:,} letters: {group.code} of {group.topic}"
