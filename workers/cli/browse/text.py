"""Texts of dead letters, for a terminal. Anybody can write to a topic: nothing of it may control the terminal."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Group as Lines
from rich.table import Table
from rich.text import Text

from workers.cli.browse.backend import Row
from workers.cli.dlq_replay import plan_notes, plan_rows
from workers.cli.output import as_json, plain
from workers.ops.dead_letters.replaying.replay_tally import Tally
from workers.ops.dead_letters.replaying.verdict import Verdict
from workers.ops.dead_letters.show import iso

FAILING = "bold white on red"
TODAY = {
    Verdict.SEND: "can be sent",
    Verdict.SENT_BEFORE: "replayed before",
    Verdict.COPY: "a copy",
    Verdict.QUARANTINED: "replayed too often",
    Verdict.NO_ORIGIN: "no origin",
    Verdict.NO_RECORD: "no record",
    Verdict.OTHER_TOPIC: "other topic",
    Verdict.NO_PARTITION: "no partition",
    Verdict.FAILS: "fails",
}
"""Verdicts in a word or two."""


def today(row: Row) -> str:
    """Return what a replay would do with a letter, in a word or two."""
    return f"fails: {row.fault.code}" if row.fault else TODAY[row.verdict]


def moment(at: int) -> str:
    """Return epoch milliseconds as a time in UTC, without year and seconds."""
    return iso(at)[5:16].replace("T", " ")


def key_of(key: bytes | None) -> str:
    """Return a record's key as text."""
    return "(no key)" if key is None else plain(key.decode(errors="backslashreplace"))


def value_text(view: Mapping[str, Any]) -> Text:
    """Return a letter's value, as JSON with one field a line where it has fields; the failing field is marked."""
    value, text = view["value"], Text()
    failing = f"  {as_json(view['field'], ascii_only=False)}: "
    lines = [value] if isinstance(value, str) else as_json(value, indent=2, ascii_only=False).split("\n")
    for line in lines:
        text.append(f"{plain(line)}\n", FAILING if line.startswith(failing) else "")
    return text


def facts_grid(facts: Iterable[tuple[str, str]]) -> Table:
    """Return names and texts beside each other; a long text is folded beside its name."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        grid.add_row(Text(plain(name)), Text(plain(value)))
    return grid


def shown_text(view: Mapping[str, Any]) -> Lines:
    """Return a letter that ``shown`` has made a mapping, to read from top to bottom."""
    title = Text(f"\nvalue, {view['format']}: {view['schema'] or 'no schema of ours'}", "bold")
    return Lines(facts_grid(_facts(view, view["error"])), title, value_text(view))


def _facts(view: Mapping[str, Any], error: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "place", f"{view['topic']} [{view['partition']}] {view['offset']}, {view['timestamp']}"
    yield "key", str(view["key"])
    if "problem" in error:
        yield "why", error["problem"]
    else:
        yield "why", f"{error['stage']} {error['code']}: {error['message']}"
        origin = error["from"]
        yield "came from", f"{origin['topic']} [{origin['partition']}] {origin['offset']}"
        yield "rejected", f"by {error['worker']}, group {error['group']}, as {error['exception']}"
        yield "failed", f"first {error['first_failed_at']}, last {error['failed_at']}"
        yield "replays", f"{error['replays']}" + (f", the last one {error['replay_id']}" if error["replay_id"] else "")
    taken = "the worker would take it" if view["schema"] else "not known: the value is not decoded"
    yield "today", f"would fail again: {view['today']}" if view["today"] else taken
    for name, value in view["headers"]:
        yield "header", f"{name}: {value}"


def plan_text(plan: Tally, fixes: tuple[str, ...] = ()) -> Lines:
    """Return a plan, or what was done, as ``dlq replay`` prints it."""
    table = Table("letters", "code", "what", expand=False)
    for row in plan_rows(plan):
        table.add_row(f"{row['letters']:,}", Text(plain(row["code"])), Text(row["what"]))
    lines = [Text(plain(note)) for note in plan_notes(plan)]
    return Lines(*(Text(plain(f"fix: {each}")) for each in fixes), table, *lines)
