"""What a replay would do; here the reason is typed, without which nothing is sent."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Static

from workers.cli.browse.backend import Backend, Chosen
from workers.cli.browse.screen import AskingScreen
from workers.cli.browse.sending import SendingScreen
from workers.cli.browse.text import plan_text
from workers.cli.output import plain
from workers.core.errors import Misconfigured
from workers.ops.dead_letters.replaying.replay_tally import Tally
from workers.ops.dead_letters.replaying.verdict import Verdict


class PlanScreen(AskingScreen):
    """The plan of ``dlq replay``."""

    def __init__(self, backend: Backend, chosen: Chosen) -> None:
        super().__init__()
        self._backend, self._chosen = backend, chosen
        self._plan = Tally()

    def compose(self) -> ComposeResult:
        group = self._chosen.group
        yield Static(f"Plan: {plain(group.code)} of {group.topic}. Nothing is sent yet.", id="title", markup=False)
        yield Static(markup=False, id="status")
        with VerticalScroll():
            yield Static(markup=False, id="plan")
        yield Input(placeholder="Why? It is kept with what is sent. Then press enter", disabled=True)
        yield Footer()

    def on_mount(self) -> None:
        """Make the plan."""
        self.ask("planning", lambda: self._backend.plan(self._chosen), self._show)

    def _show(self, plan: Tally) -> None:
        self._plan = plan
        self.query_one("#plan", Static).update(plan_text(plan, self._chosen.fixes))
        if plan.count(Verdict.SEND):
            why = self.query_one(Input)
            why.disabled = False
            why.focus()
        else:
            self.say("nothing of this can be sent")

    @on(Input.Submitted)
    def confirm(self, event: Input.Submitted) -> None:
        """Ask once more."""
        try:
            who = self._backend.who(event.value)
        except Misconfigured:
            self.say("type why these letters are sent back: it is kept with what is sent", is_error=True)
            return

        def confirmed(is_sure: bool | None) -> None:
            if is_sure:
                self.app.switch_screen(SendingScreen(self._backend, self._chosen, who, self._plan.letters))

        count, topic = self._plan.count(Verdict.SEND), self._chosen.group.topic.removesuffix(".dlq")
        question = f"Send {count:,} records to {topic}, as {who.by}?\n\nwhy: {plain(who.why)}"
        self.app.push_screen(ConfirmScreen(question), confirmed)


class ConfirmScreen(ModalScreen[bool]):
    """A question, and two keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Send", tooltip="send them"),
        Binding("escape", "dismiss(False)", "Back", tooltip="send nothing"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(f"{self._question}\n\ny: send    escape: back", markup=False)
        yield Footer()
