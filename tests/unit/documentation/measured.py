"""The tables of measured speed, and what follows from it: of ``bench.json``, which ``memory-graph bench`` wrote."""

import json
from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).with_name("bench.json")
RATES = (1_000, 10_000, 50_000, 500_000)
BUSY = 0.6
"""Share of a core that is used in the mean; the rest is for peaks, and for reading again after a failure."""
LARGEST_SERVER_CORES = 32


def speed() -> Iterator[Iterable[str]]:
    """Yield each contestant of each record set: medians of the rounds, and between which figures they were."""
    report = _report()
    machine = report["machine"]
    yield (
        f"{machine['cores']} cores for all of them; {machine['neo4j']}, {machine['kafka']}",
        "events/s",
        "its processor time, µs an event",
        "Neo4j's, µs an event",
    )
    for comparison in report["comparisons"].values():
        for each in comparison["contestants"].values():
            figures = (_spread(each[name]) for name in ("events_per_second", "cpu_us", "database_us"))
            yield f"{comparison['records']}: {each['label']}", *figures


def latency() -> Iterator[Iterable[str]]:
    """Yield how long records took from ``produce()`` until a query saw them."""
    yield "from produce to visible", "median", "99 %"
    for name, each in _report()["latency"].items():
        yield name, f"{each['p50_ms']:.0f} ms", f"{each['p99_ms']:.0f} ms"


def sizing() -> Iterator[Iterable[str]]:
    """Yield what a rate needs, from the processor time of one event; the record set is the telemetry mix."""
    ours = _report()["comparisons"]["mix"]["contestants"]["ours"]
    yield "events/s", "pods of one core, and partitions at least", "cores of Neo4j", "what ends first"
    for rate in RATES:
        pods, cores = (ceil(rate * ours[name]["median"] / 1e6 / BUSY) for name in ("cpu_us", "database_us"))
        yield f"{rate:,}", f"{pods}", f"{cores}", _first_limit(pods, cores)


def _first_limit(pods: int, cores: int) -> str:
    if cores > LARGEST_SERVER_CORES:
        return "one Neo4j that writes: several databases, each with the traces of its own partitions"
    return "Neo4j's cores" if cores > 1 or pods > 1 else "nothing: one small pod and one core"


def _report() -> Mapping[str, Any]:
    report: Mapping[str, Any] = json.loads(MEASURED.read_bytes())
    return report


def _spread(figures: Mapping[str, float]) -> str:
    return f"{figures['median']:,.0f} ({figures['low']:,.0f}-{figures['high']:,.0f})"
