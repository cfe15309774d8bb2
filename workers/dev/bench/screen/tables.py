"""Tables for a terminal."""

from collections.abc import Iterator, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from workers.dev.bench.comparison import Comparison, Standing
from workers.dev.bench.contestants import CEILING, OURS, PLAIN
from workers.dev.bench.endurance import Endurance
from workers.dev.bench.measure.command import Command
from workers.dev.bench.measure.dead_letters import DeadLetterSpeed
from workers.dev.bench.measure.figures import Spread
from workers.dev.bench.measure.latency import Latency
from workers.dev.bench.measure.machine import Machine
from workers.dev.bench.measure.recovery import Recovery
from workers.dev.bench.profile.run import Profile
from workers.dev.bench.records import RECORD_SETS
from workers.dev.bench.screen.targets import Target
from workers.ops.dead_letters.replaying.replay import BATCH_LETTERS

FUNCTIONS = 25
LEAST_US = 0.05


def machine_line(machine: Machine) -> Text:
    """Return one line about the machine."""
    return Text(
        f"{machine.processor}, {machine.cores} cores for all, {machine.memory_gib:g} GiB; {machine.neo4j}, "
        f"{machine.kafka}, Python {machine.python}, {machine.system}; load before: {machine.load:g}",
        "dim",
    )


def comparison_table(comparison: Comparison, rounds: int) -> Table:
    """Return one row for each contestant: medians, with minimum and maximum."""
    table = _table(
        f"{comparison.records}: {comparison.events:,} events, {comparison.partitions} partitions, {rounds} rounds "
        f"interleaved, median (min-max), CPU of an event\n{RECORD_SETS[comparison.records]}",
        ("", "left"),
        ("events/s", "right"),
        ("beside plain", "right"),
        ("of ceiling", "right"),
        ("CPU µs", "right"),
        ("Neo4j µs", "right"),
        ("Kafka µs", "right"),
        ("sum µs", "right"),
        ("RSS MiB", "right"),
        ("differences", "right"),
    )
    plain, ceiling = comparison.median(PLAIN), comparison.best(CEILING)
    for name, standing in comparison.standings.items():
        speed = standing.events_per_second
        table.add_row(
            Text(standing.label, "bold" if name.startswith(OURS) else ""),
            _spread(speed, 0),
            f"{speed.median / plain:.2f}" if plain else "",
            f"{speed.median / ceiling:.0%}" if ceiling else "",
            _spread(standing.cpu_us, 1),
            _spread(standing.database_us, 0),
            f"{standing.broker_us.median:.0f}",
            _spread(standing.all_us, 0),
            f"{standing.rss_mib.high:.0f}",
            _differences(standing),
        )
    return table


def latency_table(latencies: Mapping[str, Latency]) -> Table:
    """Return the latencies from produce to visible."""
    table = _table(
        "our worker in an open loop, at half of its saturation and at few records a second, in ms from produce() until "
        "a query of the watermark in Neo4j saw the record",
        ("", "left"),
        *((name, "right") for name in ("records", "sent/s", "p50", "p90", "p99", "slowest", "a look every")),
    )
    for name, each in latencies.items():
        shares = (each.p50_ms, each.p90_ms, each.p99_ms, each.max_ms)
        table.add_row(
            name,
            f"{each.records:,}",
            f"{each.sent_per_second:,.0f}",
            *(f"{ms:.0f}" for ms in shares),
            f"{each.look_ms:.0f}",
        )
    return table


def endurance_table(endurance: Endurance) -> Table:
    """Return one row for each spike."""
    table = _table(
        f"{endurance.minutes:g} minutes at {endurance.rate:,.0f} events/s, {endurance.records:,} records of "
        f"{endurance.traces:,} traces; worker {endurance.cpu_us:.1f} µs/event, memory "
        f"{endurance.memory_slope_mib_per_minute:+.2f} MiB/minute",
        *((name, "right") for name in ("spike at s", "records", "highest lag", "lag zero after s")),
    )
    for spike in endurance.spikes:
        after = "never" if spike.caught_up_seconds is None else f"{spike.caught_up_seconds:.1f}"
        table.add_row(f"{spike.at_seconds:.0f}", f"{spike.records:,}", f"{spike.lag:,}", after)
    return table


def recovery_line(recovery: Recovery) -> Text:
    """Say how soon a process wrote."""
    return Text(
        f"with {recovery.traces:,} traces in the graph: {recovery.start:.1f} s from the start of a process until "
        f"it has written in every partition; {recovery.rebalance:.1f} s without a write, at most, while another joined"
    )


def dead_letter_table(speed: DeadLetterSpeed) -> Table:
    """Return one row for each command, with what it is measured beside."""
    table = _table(
        f"{speed.letters:,} dead letters; whole commands, from the start of the process, up to {speed.rss_mib:.0f} MiB",
        ("", "left"),
        *((name, "right") for name in ("letters", "s", "letters/s", "times as long")),
    )
    kcat = "kcat -C -e >/dev/null" if speed.kcat else "kcat is not installed (package kcat)"
    for name, letters, seconds, beside in (
        ("memory-graph dlq list", speed.letters, speed.listed, speed.kcat),
        (kcat, speed.letters, speed.kcat, None),
        ("memory-graph dlq replay --execute", speed.sent, speed.replayed, speed.transactional),
        (f"producer loop, {BATCH_LETTERS} records a transaction", speed.sent, speed.transactional, None),
        ("producer loop without transactions", speed.sent, speed.plain, None),
    ):
        figures = (f"{letters:,}", f"{seconds:.2f}", f"{letters / seconds:,.0f}") if seconds else ("", "", "")
        table.add_row(name, *figures, f"{seconds / beside:.2f}" if seconds and beside else "")
    return table


def verify_table(events: int, runs: Sequence[Command]) -> Table:
    """Return one row for each run of ``audit verify``."""
    table = _table(
        f"memory-graph audit verify --source topic, {events:,} events; whole commands, from the start of the process",
        *((name, "right") for name in ("s", "events/s", "CPU s", "events for a second of CPU", "RSS MiB")),
    )
    for run in runs:
        per_second, per_cpu_second = events / run.seconds, events / run.cpu_seconds
        table.add_row(
            f"{run.seconds:.1f}",
            f"{per_second:,.0f}",
            f"{run.cpu_seconds:.1f}",
            f"{per_cpu_second:,.0f}",
            f"{run.rss_mib:.0f}",
        )
    return table


def profile_tables(profile: Profile) -> Iterator[Table]:
    """Return microseconds per event by stage, then by function."""
    measured = profile.measured
    stages = _table(
        f"{profile.records}: CPU of our worker, µs/event (sampled; the process as a whole "
        f"{measured.cpu_us:.1f} at {measured.events_per_second:,.0f} events/s)",
        ("stage", "left"),
        ("µs/event", "right"),
    )
    for name, spent in profile.stages.items():
        stages.add_row(name, f"{spent:.2f}")
    stages.add_row("all", f"{sum(profile.stages.values()):.2f}", style="bold")
    yield stages
    functions = _table(f"{profile.records}: by function alone", ("function", "left"), ("µs/event", "right"))
    for name, spent in list(profile.functions.items())[:FUNCTIONS]:
        if spent >= LEAST_US:
            functions.add_row(name, f"{spent:.2f}")
    yield functions


def target_table(targets: list[Target]) -> Table:
    """Return the targets with their measured values."""
    table = _table("targets", ("", "left"), ("wanted", "right"), ("found", "right"), ("", "left"))
    for target in targets:
        mark = Text("met", "green") if target.met else Text("missed", "red")
        table.add_row(target.what, target.wanted, target.found, mark)
    return table


def _table(title: str, *columns: tuple[str, str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for name, justify in columns:
        table.add_column(name, justify="right" if justify == "right" else "left")
    return table


def _spread(spread: Spread, places: int) -> str:
    return f"{spread.median:,.{places}f} ({spread.low:,.{places}f}-{spread.high:,.{places}f})"


def _differences(standing: Standing) -> str:
    return ", ".join(f"{name} {count:+,}" for name, count in standing.differences.items()) or "0"
