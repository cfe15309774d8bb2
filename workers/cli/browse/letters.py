"""The letters of one group, a page at a time."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Footer, Static

from workers.cli.browse.backend import Backend, Chosen, Offsets, Page, Place, Row
from workers.cli.browse.fixes import FixesScreen
from workers.cli.browse.letter import LetterScreen
from workers.cli.browse.screen import AskingScreen, Rows
from workers.cli.browse.text import key_of, today
from workers.cli.output import plain
from workers.ops.dead_letters.count import Group

COLUMNS = [" ", "place", "today", "key", "why"]


class LettersScreen(AskingScreen):
    """Letters, and which of them are selected. Only one page is in memory, and the places of what is selected."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "Select", tooltip="select this letter, or leave it out"),
        Binding("a", "select_all", "All", tooltip="select the whole group, its other pages too, or nothing"),
        Binding("r", "replay", "Replay", tooltip="send what is selected back: first fixes and the plan"),
        Binding("n", "next", "Next", tooltip="the next page"),
        Binding("p", "previous", "Prev", tooltip="the page before"),
    ]

    def __init__(self, backend: Backend, group: Group) -> None:
        super().__init__()
        self._backend, self._group = backend, group
        self._begins: list[Offsets] = [{}]  # of the pages up to this one
        self._page = Page((), None)
        self._selected: set[Place] = set()
        self._all = False

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="title")
        yield Static(markup=False, id="status")
        yield Rows(COLUMNS)
        yield Static(markup=False, id="detail")
        yield Footer()

    def on_mount(self) -> None:
        """Read the first page."""
        self._title()
        self._read({}, None)

    def action_select(self) -> None:
        """Select the letter under the cursor, or leave it out; then go to the next."""
        row = self._row()
        if row is None:
            return
        if self._all:
            self.say("the whole group is selected: press a to select single letters")
            return
        self._selected ^= {row.letter.place}
        rows = self.query_one(Rows)
        rows.mark(rows.cursor_row, self._mark(row))
        rows.action_cursor_down()
        self._title()

    def action_select_all(self) -> None:
        """Select the whole group, or nothing."""
        self._all = not self._all
        self._selected.clear()
        self._show_rows()

    def action_replay(self) -> None:
        """Send what is selected back."""
        if not self._all and not self._selected:
            self.say("nothing is selected: select letters with space, or the whole group with a")
            return
        places = None if self._all else frozenset(self._selected)
        self.app.push_screen(FixesScreen(self._backend, Chosen(self._group, places)))

    def action_next(self) -> None:
        """Show the next page."""
        if self._page.next is not None and not self.asking:
            self._begins.append(self._page.next)
            self._read(self._page.next, None)

    def action_previous(self) -> None:
        """Show the page before."""
        if len(self._begins) > 1 and not self.asking:
            ends = self._begins.pop()
            self._read(self._begins[-1], ends)

    @on(DataTable.RowSelected)
    def open(self) -> None:
        """Open the letter under the cursor."""
        if self._row():
            letters = [row.letter for row in self._page.rows]
            self.app.push_screen(LetterScreen(self._backend, self._group, letters, self.query_one(Rows).cursor_row))

    @on(DataTable.RowHighlighted)
    def describe(self) -> None:
        """Show the whole line under the cursor: it may be wider than the terminal."""
        row = self._row()
        lines = f"key: {key_of(row.letter.record.key)}\nwhy: {_why(row)}\ntoday: {_verdict(row)}" if row else ""
        self.query_one("#detail", Static).update(lines)

    def _row(self) -> Row | None:
        at = self.query_one(Rows).cursor_row
        return self._page.rows[at] if not self.asking and 0 <= at < len(self._page.rows) else None

    def _read(self, begins: Offsets, ends: Offsets | None) -> None:
        self.ask("reading", lambda: self._backend.page(self._group, begins, ends), self._show)

    def _show(self, page: Page) -> None:
        self._page = page
        self.query_one(Rows).move_cursor(row=0, animate=False)
        self._show_rows()
        self.describe()

    def _show_rows(self) -> None:
        self.query_one(Rows).show([self._cells(row) for row in self._page.rows])
        self._title()

    def _cells(self, row: Row) -> dict[str, str]:
        place = f"[{row.letter.record.partition}] {row.letter.record.offset}"
        return {
            " ": self._mark(row),
            "place": place,
            "today": today(row),
            "key": key_of(row.letter.record.key),
            "why": _why(row),
        }

    def _mark(self, row: Row) -> str:
        return "●" if self._all or row.letter.place in self._selected else " "

    def _title(self) -> None:
        selected = "all" if self._all else f"{len(self._selected):,}"
        pages = "" if len(self._begins) == 1 and self._page.next is None else f", page {len(self._begins)}"
        group = self._group
        title = f"{plain(group.code)} of {group.topic}: {group.letters:,} letters{pages}, {selected} selected"
        self.query_one("#title", Static).update(title)


def _why(row: Row) -> str:
    letter = row.letter
    return plain(letter.errors.message if letter.errors else letter.problem)


def _verdict(row: Row) -> str:
    return f"would fail again: {row.fault.code}: {plain(row.fault.message)}" if row.fault else str(row.verdict)
