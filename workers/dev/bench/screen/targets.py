"""The targets, each with its measured value."""

from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from workers.dev.bench.comparison import Comparison
from workers.dev.bench.contestants import AUDIT, CEILING, FORGETFUL, OTHER, OURS, PLAIN, QUIX
from workers.dev.bench.endurance import Endurance, caught_up_all
from workers.dev.bench.growth.growing import Growing
from workers.dev.bench.measure.dead_letters import DeadLetterSpeed
from workers.dev.bench.measure.latency import Latency
from workers.dev.bench.measure.recovery import Recovery
from workers.dev.bench.records import COMPLETE, LATE, MIX, VAULT
from workers.dev.bench.run import FEW_A_SECOND, Report
from workers.ops.dead_letters.replaying.replay import BATCH_LETTERS

TIMES_PLAIN, TIMES_QUIX = 1.6, 4.0
LINEAR = 0.9
"""Events for a second of processor time, beside those of one process: the cores of one machine are shared."""
OF_CEILING = {COMPLETE: 0.75}
OF_CEILING_ELSE = 0.7
CPU_US = {COMPLETE: 35.0, MIX: 25.0}
P50_MS, P99_MS = 100.0, 300.0
P50_MS_OF_FEW, P99_MS_OF_FEW = 40.0, 150.0
"""At ``FEW_A_SECOND``."""
FLAT_MIB_PER_MINUTE = 1.0
START_SECONDS, REBALANCE_SECONDS = 10.0, 2.0
OF_FORGETFUL = 0.8
OF_TELEMETRY = 0.8
VERIFIED = 50_000
"""Audit events for a second of processor time."""
TIMES_KCAT, LIST_MIB, TIMES_PRODUCER = 3.0, 200.0, 2.0


class Target(NamedTuple):
    """The target, the measured value, and whether it is reached."""

    what: str
    wanted: str
    found: str
    met: bool


def targets(report: Report) -> list[Target]:
    """Return every target that the report has values for. A missed target is no error: machines differ."""
    found = [target for each in report.comparisons.values() for target in _of_comparison(each)]
    found += [target for name, each in report.latencies.items() for target in _of_latency(name, each)]
    if report.scale is not None:
        found += _of_scale(report.scale)
    if report.recovery is not None:
        found += _of_recovery(report.recovery)
    found += [target for each in report.growth for target in _of_growth(each)]
    if report.dead_letters is not None:
        found += _of_dead_letters(report.dead_letters)
    found += _of_verify(report)
    found += _of_late(report)
    found += _of_audit(report)
    if report.endurance is not None:
        found += _of_endurance(report.endurance)
    return found


def _of_comparison(comparison: Comparison) -> Iterator[Target]:
    ours, name = comparison.median(OURS), comparison.records
    if ours is None:
        return
    if name == COMPLETE:
        for peer, times in ((PLAIN, TIMES_PLAIN), (QUIX, TIMES_QUIX)):
            if theirs := comparison.median(peer):
                label = comparison.standings[peer].label
                yield Target(
                    f"{name}: beside {label}",
                    f"≥ {times:g} times",
                    f"{ours / theirs:.2f} times",
                    ours >= times * theirs,
                )
    if most := CPU_US.get(name):
        cpu = comparison.standings[OURS].cpu_us.median
        yield Target(f"{name}: CPU of the worker", f"≤ {most:.0f} µs/event", f"{cpu:.1f} µs/event", cpu <= most)
    if beside := comparison.beside(OURS, OTHER):
        label, found = comparison.standings[OTHER].label, f"{beside.median:.2f} ({beside.low:.2f}-{beside.high:.2f})"
        yield Target(f"{name}: beside {label}, round by round", "≥ 1.00 times", f"{found} times", beside.median >= 1)
    if ceiling := comparison.best(CEILING):
        share = OF_CEILING.get(name, OF_CEILING_ELSE)
        yield Target(f"{name}: of the ceiling", f"≥ {share:.0%}", f"{ours / ceiling:.0%}", ours >= share * ceiling)


def _of_latency(name: str, latency: Latency) -> Iterator[Target]:
    few = latency.wanted_per_second <= FEW_A_SECOND
    p50, p99 = (P50_MS_OF_FEW, P99_MS_OF_FEW) if few else (P50_MS, P99_MS)
    for which, wanted, found in (("p50", p50, latency.p50_ms), ("p99", p99, latency.p99_ms)):
        yield Target(f"{name}: {which} to visible", f"< {wanted:.0f} ms", f"{found:.0f} ms", found < wanted)


def _of_scale(scale: Comparison) -> Iterator[Target]:
    one, *more = scale.standings.values()
    for each in more:
        share = one.cpu_us.median / each.cpu_us.median
        yield Target(
            f"{each.label} beside {one.label}: events for the same CPU",
            f"≥ {LINEAR:.0%}",
            f"{share:.0%}",
            share >= LINEAR,
        )


def _of_recovery(recovery: Recovery) -> Iterator[Target]:
    for what, wanted, found in (
        ("a new process writes", START_SECONDS, recovery.start),
        ("longest pause while another joins", REBALANCE_SECONDS, recovery.rebalance),
    ):
        yield Target(what, f"≤ {wanted:g} s", f"{found:.1f} s", found <= wanted)


def _of_growth(growing: Growing) -> Iterator[Target]:
    found = ", ".join(cost.what for cost in growing.too_fast)
    yield Target(f"faster than log n with the {growing.of}", "nothing grows", found or "nothing", not found)


def _of_dead_letters(speed: DeadLetterSpeed) -> Iterator[Target]:
    producer = f"producer loop with {BATCH_LETTERS} records a transaction"
    for what, seconds, beside, times in (
        ("dlq list beside kcat", speed.listed, speed.kcat, TIMES_KCAT),
        (f"dlq replay beside a {producer}", speed.replayed, speed.transactional, TIMES_PRODUCER),
        ("dlq replay beside a producer loop without transactions", speed.replayed, speed.plain, TIMES_PRODUCER),
    ):
        if beside:
            share = seconds / beside
            yield Target(what, f"< {times:g} times as long", f"{share:.2f} times", share < times)
    yield Target("memory of dlq list", f"< {LIST_MIB:.0f} MiB", f"{speed.rss_mib:.0f} MiB", speed.rss_mib < LIST_MIB)


def _of_verify(report: Report) -> Iterator[Target]:
    """Compare with what one core verifies: chains are verified side by side, so by processor time."""
    if report.verified and report.options.verify:
        found = report.options.verify / median(each.cpu_seconds for each in report.verified)
        yield Target("audit verify, one core", f"≥ {VERIFIED:,} events/s", f"{found:,.0f} events/s", found >= VERIFIED)


def _of_late(report: Report) -> Iterator[Target]:
    """Compare late records, whose states must be read from the graph, with none."""
    medians = {name: each.median(FORGETFUL) for name, each in report.comparisons.items()}
    without, late = medians.get(COMPLETE), medians.get(LATE)
    if without and late:
        share = late / without
        yield Target("10 % late events beside none", f"≥ {OF_FORGETFUL:.0%}", f"{share:.0%}", share >= OF_FORGETFUL)


def _of_audit(report: Report) -> Iterator[Target]:
    """Compare the audit worker with the telemetry worker, which were measured in turns."""
    telemetry, audit = report.comparisons.get(COMPLETE), report.comparisons.get(VAULT)
    ours, its = telemetry and telemetry.median(OURS), audit and audit.median(AUDIT)
    if ours and its:
        share = its / ours
        yield Target(
            f"{VAULT}: beside {COMPLETE} of telemetry", f"≥ {OF_TELEMETRY:.0%}", f"{share:.0%}", share >= OF_TELEMETRY
        )


def _of_endurance(endurance: Endurance) -> Iterator[Target]:
    slope = endurance.memory_slope_mib_per_minute
    slowest = max((spike.caught_up_seconds or 0 for spike in endurance.spikes), default=0.0)
    caught_up = caught_up_all(endurance.spikes)
    yield Target("lag after each spike", "zero", f"zero within {slowest:.1f} s" if caught_up else "not zero", caught_up)
    yield Target("memory", "flat", f"{slope:+.2f} MiB/minute", slope <= FLAT_MIB_PER_MINUTE)
    different = sum(abs(count) for count in endurance.differences.values())
    yield Target("differences at the end", "0", f"{different:,}", different == 0)
