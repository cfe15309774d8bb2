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
RUNNERS = ("ours", "plain", "quix")
"""Whom the front page compares."""

Rows = Iterator[Iterable[str]]


def speed() -> Rows:
    """Yield the worker and its peers: events a second, and how that is beside the plain loop."""
    machine = _report()["machine"]
    yield (
        f"{machine['cores']} cores for all; {machine['neo4j']}, {machine['kafka']}",
        "events/s",
        "beside the plain loop",
    )
    for comparison in (_report()["comparisons"][name] for name in ("complete", "mix")):
        standings = comparison["contestants"]
        plain = standings["plain"]["events_per_second"]["median"]
        for each in (standings[name] for name in RUNNERS if name in standings):
            rate = each["events_per_second"]
            yield f"{comparison['records']}: {each['label']}", _spread(rate), f"{rate['median'] / plain:.2f}"


def processor_time() -> Rows:
    """Yield each contestant of each record set, and one, two and four processes: processor time of one event."""
    report = _report()
    yield "median (lowest-highest)", "events/s", "its own µs", "Neo4j's µs", "Kafka's µs", "all, µs"
    for comparison in (*report["comparisons"].values(), report["scale"]):
        for each in comparison["contestants"].values():
            names = ("events_per_second", "cpu_us", "database_us", "broker_us", "all_us")
            where = f"{comparison['records']}, {comparison['partitions']} partitions"
            yield f"{where}: {each['label']}", *(_spread(each[name]) for name in names)


def latency() -> Rows:
    """Yield how long records took from ``produce()`` until a query saw them."""
    yield "from produce to visible", "median", "99 %"
    for name, each in _report()["latency"].items():
        yield name, f"{each['p50_ms']:.0f} ms", f"{each['p99_ms']:.0f} ms"


def dead_letters() -> Rows:
    """Yield the seconds of each command, and how that is beside what it was measured with."""
    found = _report()["dead_letters"]
    yield "command", "dead letters", "seconds", "times as long"
    for name, letters, seconds, beside in (
        ("`memory-graph dlq list`, beside kcat", found["letters"], found["listed"], found["kcat"]),
        ("`dlq replay`, beside a producer with transactions", found["sent"], found["replayed"], found["transactional"]),
        ("`dlq replay`, beside one without", found["sent"], found["replayed"], found["plain"]),
    ):
        yield name, f"{letters:,}", f"{seconds:.1f}", f"{seconds / beside:.1f}"


def targets() -> Rows:
    """Yield every target with what was measured, the missed ones too."""
    yield "target", "wanted", "measured", ""
    for each in _report()["targets"]:
        yield each["what"], each["wanted"], each["found"], "met" if each["met"] else "**missed**"


def sizing() -> Rows:
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
