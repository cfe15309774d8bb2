"""The letters on their way back: how far, and the result."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Footer, ProgressBar, Static
from textual.worker import get_current_worker

from workers.cli.browse.backend import Backend, Chosen
from workers.cli.browse.screen import AskingScreen
from workers.cli.browse.text import plan_text
from workers.cli.output import plain
from workers.core.errors import OperatorError, ProblemsFound
from workers.ops.dead_letters.journal import Who
from workers.ops.dead_letters.replaying.replay_tally import Tally
from workers.ops.dead_letters.replaying.verdict import Verdict


class SendingScreen(AskingScreen):
    """Sends as soon as it is open. ``letters`` is the number of letters in the plan."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape", "back", "Stop, or back", tooltip="stop after this batch; when it has ended: back to the groups"
        ),
    ]

    def __init__(self, backend: Backend, chosen: Chosen, who: Who, letters: int) -> None:
        super().__init__()
        self._backend, self._chosen, self._who, self._letters = backend, chosen, who, letters
        self._seen = 0
        self._stopping = False

    def compose(self) -> ComposeResult:
        yield Static(f"Replay {self._who.replay_id}: {plain(self._who.why)}", id="title", markup=False)
        yield Static(markup=False, id="status")
        yield ProgressBar(self._letters)
        with VerticalScroll():
            yield Static(markup=False, id="result")
        yield Footer()

    def on_mount(self) -> None:
        """Begin to send."""
        self.ask("sending", lambda: self._backend.send(self._chosen, self._who, self._progress), self._show)

    def say_progress(self) -> None:
        """Show how far it is, and the time left."""
        self.query_one(ProgressBar).update(progress=self._seen)
        if self.asking and not self._stopping:
            self.say(f"sending: {self._seen:,} of {self._letters:,} letters are done …")

    def failed(self, error: OperatorError) -> None:
        """Show why it ended, and that it can be continued."""
        super().failed(error)
        self.say_progress()

    async def action_back(self) -> None:
        """Stop after this batch, or go back to the groups, which are counted again."""
        if self.asking:
            self._stopping = True
            self.say("stopping after this batch …")
        else:
            await self.app.run_action("groups")

    def _progress(self, tally: Tally) -> None:
        """Note how far it is. It runs in the thread that sends: what it raises ends the sending between two batches."""
        self._seen = tally.letters
        if self._seen < self._letters and (self._stopping or get_current_worker().is_cancelled):
            raise ProblemsFound(
                f"stopped: {self._seen:,} of {self._letters:,} letters are done. Replay them again to send what is left"
            )

    def _show(self, done: Tally) -> None:
        self._seen = done.letters
        self.say_progress()
        sent = f"done: {done.count(Verdict.SEND):,} records are sent, {done.left_out:,} letters are left out"
        self.say(f"{sent}; escape goes back to the groups")
        self.query_one("#result", Static).update(plan_text(done))
