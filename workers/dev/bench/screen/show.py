"""A report on a terminal, and as data."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console, RenderableType

from workers.dev.bench.comparison import Comparison
from workers.dev.bench.run import Report
from workers.dev.bench.screen.growth import growth_data, growth_table
from workers.dev.bench.screen.tables import (
    comparison_table,
    dead_letter_table,
    endurance_table,
    latency_table,
    machine_line,
    profile_tables,
    recovery_line,
    target_table,
    verify_table,
)
from workers.dev.bench.screen.targets import targets


def show(report: Report, console: Console) -> None:
    """Print every part, with an empty line between."""
    for part in _parts(report):
        console.print(part)
        console.print()


def as_data(report: Report) -> dict[str, Any]:
    """Return everything for a program to read."""
    return {
        "machine": asdict(report.machine),
        "options": asdict(report.options) | {"other": str(report.options.other or "")},
        "comparisons": {name: _comparison(each) for name, each in report.comparisons.items()},
        "scale": _comparison(report.scale) if report.scale else None,
        "latency": {name: asdict(each) for name, each in report.latencies.items()},
        "endurance": asdict(report.endurance) if report.endurance else None,
        "recovery": asdict(report.recovery) if report.recovery else None,
        "growth": [growth_data(each) for each in report.growth],
        "dead_letters": asdict(report.dead_letters) if report.dead_letters else None,
        "verified": [asdict(each) for each in report.verified],
        "profiles": [asdict(each) for each in report.profiles],
        "targets": [target._asdict() for target in targets(report)],
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    standings = {name: each.as_data() for name, each in comparison.standings.items()}
    return {
        "records": comparison.records,
        "partitions": comparison.partitions,
        "events": comparison.events,
        "contestants": standings,
    }


def _parts(report: Report) -> Iterator[RenderableType]:
    yield machine_line(report.machine)
    for comparison in filter(None, (*report.comparisons.values(), report.scale)):
        yield comparison_table(comparison, report.options.rounds)
    if report.latencies:
        yield latency_table(report.latencies)
    if report.endurance is not None:
        yield endurance_table(report.endurance)
    if report.recovery is not None:
        yield recovery_line(report.recovery)
    yield from map(growth_table, report.growth)
    if report.dead_letters is not None:
        yield dead_letter_table(report.dead_letters)
    if report.verified:
        yield verify_table(report.options.verify or 0, report.verified)
    for profile in report.profiles:
        yield from profile_tables(profile)
    if found := targets(report):
        yield target_table(found)
