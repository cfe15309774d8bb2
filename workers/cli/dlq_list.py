"""What ``memory-graph dlq list`` prints: once, or again every few seconds."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from workers.cli.graph import progress
from workers.cli.output import Output, as_json, plain, print_json, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from workers.ops.dead_letters.count import Group
    from workers.ops.dead_letters.tally import Tally

Rows = Sequence[dict[str, Any]]
COLUMNS = ["letters", "code", "stage", "worker", "oldest", "newest", "replayed", "again"]
WATCH_SECONDS = 3.0


def print_list(tally: "Tally", limit: int | None, output: Output) -> None:
    """Count and print once."""
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    rows = _counted(tally)[:limit]
    if output is Output.JSON:
        print_json(rows)
    else:
        Console().print(_shown(rows), crop=False)


def watch(tally: "Tally", limit: int | None, output: Output) -> None:
    """Count and print every few seconds until Ctrl-C: JSON as one document a line, text in place on a terminal."""
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast
    from rich.live import Live  # noqa: PLC0415 - same reason as above

    console = Console()
    with suppress(KeyboardInterrupt):
        _counted(tally)
        if output is Output.JSON:
            for rows in _refreshes(tally):
                print(as_json(rows[:limit]), flush=True)
        elif not console.is_terminal:
            for rows in _refreshes(tally):
                console.print(_shown(rows[:limit]), crop=False)
        else:
            with Live(console=console, auto_refresh=False) as live:
                for rows in _refreshes(tally):
                    live.update(_shown(rows[:limit]), refresh=True)


def _counted(tally: "Tally") -> Rows:
    """Count with progress on standard error, and return a row for each group."""
    with progress("reading the dead letters") as show:
        return _rows(tally.refresh(lambda topic, seen, of: show(f"{topic}: {seen:,} of {of:,} dead letters")))


def _refreshes(tally: "Tally") -> Iterator[Rows]:
    """Count what came since, again and again, with a pause between."""
    while True:
        yield _rows(tally.refresh())
        time.sleep(WATCH_SECONDS)


def _rows(groups: "Iterable[Group]") -> Rows:
    from workers.ops.dead_letters.show import iso  # noqa: PLC0415 - keeps --help fast

    return [
        {**asdict(group), "oldest": iso(group.oldest, "seconds"), "newest": iso(group.newest, "seconds")}
        for group in groups
    ]


def _shown(rows: Rows) -> "RenderableType":
    """Return a table for each topic, and one message."""
    from rich.console import Group as Lines  # noqa: PLC0415 - keeps --help fast
    from rich.text import Text  # noqa: PLC0415 - same reason as above

    if not rows:
        return "there are no such dead letters"
    tables = [
        table([{**row, **_short(row)} for row in rows if row["topic"] == topic], COLUMNS, title=topic)
        for topic in dict.fromkeys(row["topic"] for row in rows)
    ]
    newest = f"the newest of {rows[0]['code']}: {rows[0]['message']}"
    return Lines(*tables, Text(plain(newest), no_wrap=True, overflow="ignore"))


def _short(row: dict[str, Any]) -> dict[str, str]:
    """Return the times of a row without year, seconds and offset: it is UTC."""
    return {name: row[name][5:16].replace("T", " ") for name in ("oldest", "newest")}
