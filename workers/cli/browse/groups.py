"""The first screen: dead letters by topic, code, stage and worker, as ``dlq list`` has them."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Footer, Static

from workers.cli.browse.backend import Backend, Chosen
from workers.cli.browse.fixes import FixesScreen
from workers.cli.browse.letters import LettersScreen
from workers.cli.browse.screen import AskingScreen, Rows
from workers.cli.browse.text import moment
from workers.cli.output import plain
from workers.ops.dead_letters.count import Group

COLUMNS = ["letters", "topic", "code", "stage", "worker", "oldest", "newest", "replayed", "again"]
WIDE_ONLY = ["stage", "worker", "oldest", "replayed", "again"]


class GroupsScreen(AskingScreen):
    """Groups, the largest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "replay", "Replay", tooltip="send the whole group back: first fixes and the plan"),
        Binding("f5", "read", "Read again", tooltip="count the dead letters up to now"),
        Binding("escape", "back", "Back", show=False),
    ]

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend = backend
        self._groups: list[Group] = []

    def compose(self) -> ComposeResult:
        yield Static("Dead letters", id="title")
        yield Static(markup=False, id="status")
        yield Rows(COLUMNS, WIDE_ONLY)
        yield Static(markup=False, id="detail")
        yield Footer()

    def on_mount(self) -> None:
        """Count the dead letters."""
        self.action_read()

    def action_read(self) -> None:
        """Count the dead letters up to now."""
        self.ask("reading", self._backend.groups, self._show)

    async def action_back(self) -> None:
        """Stay: there is no screen before."""

    def action_replay(self) -> None:
        """Send the group under the cursor back."""
        if group := self._group():
            self.app.push_screen(FixesScreen(self._backend, Chosen(group)))

    @on(DataTable.RowSelected)
    def open(self) -> None:
        """Open the group under the cursor."""
        if group := self._group():
            self.app.push_screen(LettersScreen(self._backend, group))

    @on(DataTable.RowHighlighted)
    def describe(self) -> None:
        """Show the whole group under the cursor: a narrow table has only a part of it."""
        group = self._group()
        self.query_one("#detail", Static).update(_description(group) if group else "")

    def _group(self) -> Group | None:
        at = self.query_one(Rows).cursor_row
        return self._groups[at] if not self.asking and 0 <= at < len(self._groups) else None

    def _show(self, groups: list[Group]) -> None:
        self._groups = groups
        self.query_one(Rows).show([_row(group) for group in groups])
        if not groups:
            self.say("there are no such dead letters")
        self.describe()


def _row(group: Group) -> dict[str, str]:
    times = {"oldest": moment(group.oldest), "newest": moment(group.newest)}
    counts = {name: f"{getattr(group, name):,}" for name in ("letters", "replayed", "again")}
    texts = {name: plain(getattr(group, name)) for name in ("code", "stage", "worker")}
    return {**counts, **texts, **times, "topic": group.topic.removesuffix(".dlq")}


def _description(group: Group) -> str:
    return (
        f"{plain(group.code)}: {plain(group.stage)}, worker {plain(group.worker)}, from {moment(group.oldest)} to "
        f"{moment(group.newest)} UTC; {group.replayed:,} were replayed, {group.again:,} failed again after a replay\n"
        f"newest: {plain(group.message)}"
    )
