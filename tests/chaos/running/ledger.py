"""A worker that records its input, to show runtime errors that telemetry would hide.

Telemetry folds the same event twice to the same state. The ledger appends the number of each record to the page of
its key, and counts the writes to the graph: so lost, repeated and reordered records are visible.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from workers.config.worker_options import WorkerOptions
from workers.core.record import Decoded
from workers.core.statement import Statement
from workers.core.worker import KeyedState, WorkerFactory, WorkerSpec
from workers.pipelines.telemetry.events import Event, Failure
from workers.pipelines.telemetry.read.parse import check_key as check_telemetry_key
from workers.pipelines.telemetry.read.parse import parse as parse_telemetry

NUMBER = "number"
"""The key under ``metadata`` of a record's place in the stream."""
ENDLESS = "endless"
"""The message of an error whose transaction never ends."""


class Noted(NamedTuple):
    """A telemetry record, as the ledger sees it."""

    key: str | None
    alone: str
    number: int
    note: str
    event_type: str
    event: Event


@dataclass(slots=True)
class Page:
    """The records of one key. Marks: how many this batch has ``added``, and their ``notes`` (id, text)."""

    key: str = ""
    numbers: list[int] = field(default_factory=list)
    added: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)


def parse(decoded: Decoded, now_ms: int) -> Noted:
    """Accept and reject exactly the events that telemetry does."""
    event = parse_telemetry(decoded, now_ms)
    number = int(decoded.fields["metadata"][NUMBER])
    note = event.payload.message if isinstance(event.payload, Failure) else ""
    return Noted(event.trace_id or None, f"{event.event_id}#{number}", number, note, event.event_type, event)


def fold(page: Page, noted: Noted, _offset: int) -> None:
    page.key = noted.key or noted.alone
    page.numbers.append(noted.number)
    page.added += 1
    if noted.note:
        page.notes.append((noted.alone, noted.note))


# Not idempotent, on purpose: a batch written twice counts twice.
WRITE = """
UNWIND $rows AS row
MERGE (p:LedgerPage {key: row[0]})
SET p.numbers = row[1], p.times = coalesce(p.times, 0) + row[2]
"""
NOTE = "UNWIND $rows AS row MERGE (n:LedgerNote {id: row[0]}) SET n.text = row[1]"
SPIN = "UNWIND $rows AS row UNWIND range(1, row[0]) AS step WITH row, count(step) AS n MERGE (:LedgerNote {id: n})"
ETERNITY = 10**12
"""Steps that take hours, and no memory."""
SEAL = "UNWIND $rows AS row MATCH (p:LedgerPage {key: row[0]}) SET p.sealed = row[1]"


def plan(pages: Sequence[Page]) -> Sequence[Statement]:
    """Write the pages, then seal them: an unsealed page is half a transaction."""
    touched = sorted((page for page in pages if page.added), key=lambda page: page.key)
    return [
        Statement("write", WRITE, [(page.key, page.numbers, page.added) for page in touched]),
        Statement("note", NOTE, [note for page in touched for note in page.notes]),
        Statement("spin", SPIN, [(ETERNITY,) for page in touched for _, note in page.notes if note == ENDLESS]),
        Statement("seal", SEAL, [(page.key, len(page.numbers)) for page in touched]),
    ]


def load_state(packed: bytes) -> Page:
    return Page(*orjson.loads(packed))


def dump_state(page: Page) -> bytes:
    return orjson.dumps([page.key, page.numbers])


def build(_options: WorkerOptions, *, has_api: bool) -> WorkerSpec[Noted, Page]:
    return WorkerSpec(
        name="ledger",
        source="observatory",
        parse=parse,
        plan=plan,
        event_type=lambda noted: noted.event_type,
        state=KeyedState(key=lambda noted: noted.key, new=Page, fold=fold, load=load_state, dump=dump_state),
        check_key=lambda noted, key: check_telemetry_key(noted.event, key),
        trace_id=lambda noted: noted.key,
    )


LEDGER = WorkerFactory(name="ledger", options=WorkerOptions, build=build)
