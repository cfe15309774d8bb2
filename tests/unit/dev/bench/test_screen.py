from io import StringIO

import pytest
from rich.console import Console

from workers.core.errors import Misconfigured
from workers.dev.bench.comparison import Comparison, Standing
from workers.dev.bench.endurance import Endurance, Spike
from workers.dev.bench.measure.command import Command
from workers.dev.bench.measure.dead_letters import DeadLetterSpeed
from workers.dev.bench.measure.latency import Latency
from workers.dev.bench.measure.machine import Machine
from workers.dev.bench.round import Measured
from workers.dev.bench.run import Options, Report
from workers.dev.bench.screen.show import as_data, show
from workers.dev.bench.screen.targets import targets

MACHINE = Machine("a processor", 2, 24.0, 0.1, "3.11.7", "Linux", "Neo4j 5.26 community", "Kafka 4.3.1")


def standing(label: str, *speeds: float, cpu: float = 30.0, differences: dict[str, int] | None = None) -> Standing:
    return Standing(label, [Measured(99_000, 9.9, speed, cpu, 60.0, 5.0, 200.0, differences or {}) for speed in speeds])


def report() -> Report:
    standings = {
        "ours": standing("memory-graph worker telemetry", 18_000.0, 20_000.0, 19_000.0),
        "unwind-2": standing("bare UNWIND, 2 writers", 25_300.0),
        "unwind-4": standing("bare UNWIND, 4 writers", 25_000.0),
        "plain": standing("plain loop", 10_000.0, 11_000.0, 12_000.0),
        "quix": standing("Quix Streams Neo4jSink", 4_500.0, differences={"Invocation": -3}),
    }
    found = Report(Options(100_000, 3), MACHINE, {"complete": Comparison("complete", 4, 100_000, standings)})
    found.latencies["complete"] = Latency(1_000, 9_500.0, 9_499.0, 90.0, 200.0, 600.0, 700.0, 11.0)
    found.latencies["mix"] = Latency(1_000, 1_000.0, 999.0, 90.0, 120.0, 140.0, 700.0, 11.0)
    return found


def printed(found: Report) -> str:
    text = StringIO()
    show(found, Console(file=text, width=200))
    return text.getvalue()


def test_the_table_shows_median_spread_and_ratios() -> None:
    text = printed(report())
    assert "19,000 (18,000-20,000)" in text
    assert "1.73" in text  # beside the plain loop's median
    assert "75%" in text  # of the best of the bare writers
    assert "Invocation -3" in text
    assert "2 cores for all" in text


def test_targets_are_told_and_nothing_fails_on_them() -> None:
    found = {target.what: target.met for target in targets(report())}
    assert found["complete: beside plain loop"]
    assert found["complete: beside Quix Streams Neo4jSink"]
    assert found["complete: of the ceiling"]
    assert found["complete: CPU of the worker"]
    assert found["complete: p50 to visible"]
    assert not found["complete: p99 to visible"]
    assert not found["mix: p50 to visible"], "less is wanted at few records a second"
    assert found["mix: p99 to visible"]


@pytest.mark.parametrize(("speed", "met"), [(15_200.0, True), (15_000.0, False)])
def test_the_audit_worker_is_compared_with_telemetry(speed: float, *, met: bool) -> None:
    found = report()
    found.comparisons["vault"] = Comparison("vault", 4, 100_000, {"audit": standing("worker audit", speed)})
    assert {each.what: each.met for each in targets(found)}["vault: beside complete of telemetry"] is met


def test_more_processes_are_measured_by_the_processor_time_of_an_event() -> None:
    found = report()
    found.scale = Comparison(
        "complete",
        12,
        100_000,
        {"ours-1": standing("one process", 9_000.0), "ours-4": standing("four", 9_000.0, cpu=40.0)},
    )
    scale = targets(found)[-1]
    assert (scale.found, scale.met) == ("75%", False)
    assert "12 partitions" in printed(found)


def test_a_report_without_our_worker_has_no_targets() -> None:
    found = report()
    del found.comparisons["complete"].standings["ours"]
    found.latencies.clear()
    assert targets(found) == []


def test_endurance_is_judged_by_lag_memory_and_differences() -> None:
    found = Report(Options(1_000, 1), MACHINE)
    found.endurance = Endurance(20.0, 3_000.0, spikes=[Spike(120.0, 90_000, 60_000, 8.5), Spike(240.0, 90_000, 60_000)])
    found.endurance.memory_slope_mib_per_minute = 0.3
    assert [target.met for target in targets(found)] == [False, True, True]
    assert "never" in printed(found)


def dead_letters(kcat: float | None) -> Report:
    speed = DeadLetterSpeed(
        1_000_000, listed=4.0, rss_mib=150.0, kcat=kcat, sent=100_000, replayed=6.0, plain=1.0, transactional=4.0
    )
    return Report(Options(1_000, 1), MACHINE, dead_letters=speed)


def test_dead_letters_are_judged_beside_kcat_and_plain_producers() -> None:
    found = dead_letters(kcat=2.0)
    assert [target.met for target in targets(found)] == [True, True, False, True]
    text = printed(found)
    assert "250,000" in text  # letters a second
    assert "2.00" in text  # times as long as kcat
    assert "150 MiB" in text


def test_without_kcat_its_row_says_so_and_nothing_is_judged_beside_it() -> None:
    found = dead_letters(kcat=None)
    assert "kcat is not installed" in printed(found)
    assert not any("kcat" in target.what for target in targets(found))
    assert "dlq list" in printed(found)


@pytest.mark.parametrize(("cpu_seconds", "met"), [(19.0, True), (21.0, False)])
def test_verifying_is_judged_by_processor_time(cpu_seconds: float, *, met: bool) -> None:
    runs = [Command(11.0, cpu, 300.0) for cpu in (5.0, cpu_seconds, 90.0)]
    found = Report(Options(1_000, 1, verify=1_000_000), MACHINE, verified=runs)
    assert [target.met for target in targets(found)] == [met]
    assert "90,909" in printed(found)  # events a second of the clock
    assert as_data(found)["verified"][0] == {"seconds": 11.0, "cpu_seconds": 5.0, "rss_mib": 300.0}


def test_the_data_has_every_round() -> None:
    data = as_data(report())
    ours = data["comparisons"]["complete"]["contestants"]["ours"]
    assert ours["events_per_second"] == {"median": 19_000.0, "low": 18_000.0, "high": 20_000.0}
    assert len(ours["rounds"]) == 3
    assert data["machine"]["cores"] == 2


def test_an_unknown_contestant_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Misconfigured, match="--only faust is unknown; choose from ours, forgetful, audit, unwind-1"):
        Options(1_000, 1, only=("faust",)).checked()


def test_another_version_needs_its_checkout() -> None:
    with pytest.raises(Misconfigured, match="--only other needs a checkout: --other DIRECTORY"):
        Options(1_000, 1, only=("other",)).checked()


def test_few_states_are_measured_only_beside_late_records() -> None:
    assert not Options(1_000, 1).wants("forgetful")
    assert Options(1_000, 1, records=("complete", "late")).wants("forgetful")


def test_all_parts_are_wanted_where_none_is_named() -> None:
    assert Options(1_000, 1).wants("latency")
    assert not Options(1_000, 1, only=("ours",)).wants("latency")
