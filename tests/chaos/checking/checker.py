"""Checks a scenario only by its history file, the graph and the dead letters."""

from collections.abc import Iterator, Sequence

from tests.chaos.checking.anomaly import Finding
from tests.chaos.checking.audit import judge_chains
from tests.chaos.checking.checks_of_graph import graph_equals_the_model
from tests.chaos.checking.checks_of_inputs import (
    IN_THE_END,
    every_page_holds_its_records_once_in_order,
    with_mirrored,
    with_what_waits,
    without_lost,
)
from tests.chaos.checking.checks_of_offsets import AT_EVERY_MOMENT, of_kind
from tests.chaos.checking.found_graph import FoundGraph, canonical_hash, ledger_graph
from tests.chaos.checking.history import Line
from tests.chaos.report import Report, Scenario
from tests.chaos.running.arena import Arena
from tests.chaos.running.producer import NUMBER_HEADER, headers_of
from tests.chaos.running.stream import Planned
from tests.model.naive_model import naive_model
from workers.core.record import ConsumedRecord

DLQ = "__dlq.errors."


def judge(arena: Arena, scenario: Scenario) -> Report:
    """Add dead letters and pages to the history, then search it for anomalies."""
    corner, supply, history = arena.corner, arena.supply, arena.history
    for letter in corner.dead_letters():
        history.note("dead_letter", **_told(letter, supply.stream, supply.values))
    pages = corner.pages()
    for page in pages:
        history.note("page", **page)
    raw = list(history.lines())
    lines = with_mirrored(without_lost(raw))
    if corner.order == "strict":
        lines = with_what_waits(lines)
    findings = list(anomalies_of(lines))
    if corner.worker == "telemetry":
        found = corner.graph()
        findings += differences(lines, supply.stream, found)
    elif corner.worker == "audit":
        found = FoundGraph()  # the chain says all: its hashes are those of a run without faults
        findings += judge_chains(arena, lines)
    else:
        found = ledger_graph(pages)
        findings += every_page_holds_its_records_once_in_order(lines)
    return Report(scenario, raw, findings, history.path, canonical_hash(found, corner.name))


def anomalies_of(history: Sequence[Line]) -> Iterator[Finding]:
    """Run the checks for any worker: offsets, fences, readers, memory, dead letters."""
    for check_one in (*AT_EVERY_MOMENT, *IN_THE_END):
        yield from check_one(history)


def differences(history: Sequence[Line], stream: Sequence[Planned], found: FoundGraph) -> Iterator[Finding]:
    """Compare the graph with the naive model of all records without dead letters."""
    dead = {letter["number"] for letter in of_kind(history, "dead_letter")}
    lines = [line for line in of_kind(history, "produced") if not line["poison"] and line["number"] not in dead]
    lines.sort(key=lambda line: (line["partition"], line["life"], line["offset"]))
    by_number = {planned.number: planned for planned in stream}
    log = [(by_number[line["number"]].record_name, by_number[line["number"]].fields) for line in lines]
    return graph_equals_the_model(naive_model(log), found)


def _told(letter: ConsumedRecord, stream: Sequence[Planned], values: Sequence[bytes | None]) -> Line:
    headers = dict(letter.headers)
    number = int(headers[NUMBER_HEADER] or b"")
    planned = stream[number]
    originals = [(name, value) for name, value in letter.headers if not name.startswith(DLQ)]
    intact = (letter.key, letter.value, originals) == (planned.key, values[number], headers_of(planned))
    partition, offset = (int(headers[DLQ + name] or b"") for name in ("partition", "offset"))
    code = (headers[DLQ + "code"] or b"").decode()
    return {"number": number, "partition": partition, "offset": offset, "code": code, "intact": intact}
