"""The whole of ``memory-graph bench``."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from workers.core.errors import Misconfigured
from workers.dev.bench.comparison import Comparison, Course, Tell, compare
from workers.dev.bench.contestants import CONTESTANTS, FORGETFUL, OTHER, OURS, SCALE, Contestant, contestants
from workers.dev.bench.endurance import Endurance, endure
from workers.dev.bench.field import fill
from workers.dev.bench.ground import AUDIT, Ground, open_ground
from workers.dev.bench.growth.growing import Growing
from workers.dev.bench.growth.run import Sizes, growth
from workers.dev.bench.measure.audit_verify import audit_verify
from workers.dev.bench.measure.command import Command
from workers.dev.bench.measure.dead_letters import DeadLetterSpeed, dead_letter_speed
from workers.dev.bench.measure.latency import Latency, latency
from workers.dev.bench.measure.machine import Machine, facts
from workers.dev.bench.measure.recovery import Recovery, recovery
from workers.dev.bench.measure.settled import play_settled
from workers.dev.bench.profile.run import Profile, profile
from workers.dev.bench.records import COMPLETE, LATE, MIX, RECORD_SETS, VAULT, make
from workers.dev.bench.round import Measured, play
from workers.dev.stack.home import stack_home
from workers.dev.stack.lifecycle import up
from workers.dev.stack.progress import stack_progress

LATENCY, SCALE_PART, DEAD_LETTERS = "latency", "scale", "dead-letters"
PARTS = (*CONTESTANTS, OTHER, LATENCY, SCALE_PART, DEAD_LETTERS)
"""What ``--only`` may name."""
PARTITIONS = 4
SCALE_PARTITIONS = 12
SEED = 1
MIN_CALLS = 100
"""The smallest graph in which growth is measured: its logarithm is a base to compare with."""
FEW_A_SECOND = 1_000.0
"""The lower rate at which latency is measured, beside half of the saturation."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may ask for.

    ``rate``      events/s of latency and endurance, where given
    ``other``     the checkout of another version, to compare with
    ``recovery``  traces in the graph, to measure only how soon a new process writes
    ``growth``    calls in the graph, ascending, to measure only what grows with them
    ``letters``   dead letters to count and to send back
    ``verify``    audit events in the topic, to measure only how fast they are verified
    """

    events: int
    rounds: int
    only: tuple[str, ...] = ()
    records: tuple[str, ...] = (COMPLETE, MIX, VAULT)
    rate: float | None = None
    latency_seconds: float = 30.0
    endurance_minutes: float | None = None
    profile: bool = False
    other: Path | None = None
    recovery: int | None = None
    growth: tuple[int, ...] = ()
    letters: int = 1_000_000
    verify: int | None = None
    steady_rate: float = 3_000.0

    def wants(self, part: str) -> bool:
        """Tell whether a part is asked for; all are where none is named, those for late records only with these."""
        if part == FORGETFUL and LATE not in self.records:
            return False
        return not self.only or part in self.only

    def checked(self) -> "Options":
        """Raise ``Misconfigured`` for unknown names."""
        for option, given, known in (("--only", self.only, PARTS), ("--records", self.records, tuple(RECORD_SETS))):
            if unknown := [name for name in given if name not in known]:
                raise Misconfigured(f"{option} {','.join(unknown)} is unknown; choose from {', '.join(known)}")
        if OTHER in self.only and self.other is None:
            raise Misconfigured(f"--only {OTHER} needs a checkout: --other DIRECTORY")
        sizes = sorted({MIN_CALLS - 1, *self.growth})[1:]
        if self.growth and (list(self.growth) != sizes or len(sizes) == 1):
            calls = ",".join(map(str, self.growth))
            raise Misconfigured(f"--growth {calls} is not two sizes or more from {MIN_CALLS} on, the smallest first")
        return self


@dataclass(slots=True)
class Report:
    """All measurements."""

    options: Options
    machine: Machine
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    scale: Comparison | None = None
    latencies: dict[str, Latency] = field(default_factory=dict)
    endurance: Endurance | None = None
    profiles: list[Profile] = field(default_factory=list)
    recovery: Recovery | None = None
    growth: list[Growing] = field(default_factory=list)
    dead_letters: DeadLetterSpeed | None = None
    verified: list[Command] = field(default_factory=list)


def start_servers(name: str) -> None:
    """Start the stack's missing servers; set their addresses in the environment."""
    with stack_progress() as report:
        os.environ.update(up(name, (), report).environment)


async def bench(options: Options, tell: Tell) -> Report:
    """Measure the requested parts. Raises ``Misconfigured``, ``Unreachable``, ``ProblemsFound``."""
    home = stack_home() / "bench-runs"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=home) as folder:
        async with open_ground(Path(folder)) as ground:
            report = Report(options, facts(await ground.graph.version(), ground.servers.broker))
            if options.profile:
                await _profile(ground, options, report, tell)
            elif options.recovery:
                report.recovery = await recovery(ground, options.recovery, SEED)
            elif options.growth:
                report.growth = await growth(ground.graph, ground.run, Sizes(options.growth), tell)
            elif options.verify:
                tell(f"{options.verify:,} audit events: making, writing, verifying")
                report.verified = await audit_verify(replace(ground, worker=AUDIT), options.verify, SEED)
            elif options.endurance_minutes:
                tell(f"endurance, {options.endurance_minutes:g} minutes")
                rate = options.rate or options.steady_rate
                report.endurance = await endure(ground, options.endurance_minutes, rate, SEED)
            else:
                await _compare(ground, options, report, tell)
            return report


async def _compare(ground: Ground, options: Options, report: Report, tell: Tell) -> None:
    everybody = {each: it for each, it in contestants(options.other).items() if options.wants(each)}
    courses = [
        await _course(ground, options, name, wanted, tell)
        for name in options.records
        if (wanted := {each: it for each, it in everybody.items() if name in it.record_sets})
    ]
    for course, standings in zip(courses, await compare(courses, options.rounds, tell), strict=True):
        report.comparisons[course.records] = Comparison(course.records, PARTITIONS, options.events, standings)
    if options.wants(LATENCY):
        for name in [each for each in options.records if each != VAULT]:
            await _latencies(ground, options, name, report, tell)
    if options.wants(SCALE_PART):
        report.scale = await _scale(ground, options, tell)
    if options.wants(DEAD_LETTERS):
        tell(f"{options.letters:,} dead letters: making, counting, sending back")
        report.dead_letters = await dead_letter_speed(ground, options.letters, SEED)


async def _course(
    ground: Ground, options: Options, name: str, contestants: Mapping[str, Contestant], tell: Tell
) -> Course:
    tell(f"{name}: making {options.events:,} records, filling {PARTITIONS} partitions")
    ground = _ground_of(ground, name)
    records = await make(name, options.events, SEED, ground.subject_topic, ground.encoder)
    played = await fill(ground, records, PARTITIONS)

    async def one_round(contestant: Contestant, round_name: str) -> Measured:
        return await play(ground, played, contestant, f"{played.topic}-{round_name}")

    return Course(name, contestants, one_round)


def _ground_of(ground: Ground, records: str) -> Ground:
    """Return the ground of the worker that reads a set of records."""
    return replace(ground, worker=AUDIT) if records == VAULT else ground


async def _scale(ground: Ground, options: Options, tell: Tell) -> Comparison:
    records = await make(COMPLETE, options.events, SEED, ground.subject_topic, ground.encoder)

    async def one_round(contestant: Contestant, round_name: str) -> Measured:
        return await play_settled(ground, records, SCALE_PARTITIONS, contestant, f"{ground.run}-{round_name}")

    (standings,) = await compare([Course(COMPLETE, SCALE, one_round)], options.rounds, tell)
    return Comparison(COMPLETE, SCALE_PARTITIONS, options.events, standings)


async def _latencies(ground: Ground, options: Options, name: str, report: Report, tell: Tell) -> None:
    """Measure at half of our own saturation and at ``FEW_A_SECOND``, or at the requested rate."""
    comparison = report.comparisons.get(name)
    saturation = comparison.median(OURS) if comparison else None
    rate = options.rate or (saturation / 2 if saturation else None)
    if rate is None:
        raise Misconfigured(f"latency is measured at half of our saturation: add {OURS} to --only, or give --rate")
    for each in (rate,) if options.rate else (rate, FEW_A_SECOND):
        count = max(1_000, int(each * options.latency_seconds))
        records = await make(name, count, SEED + 1, ground.subject_topic, ground.encoder)
        label = f"{name} at {each:,.0f} events/s"
        tell(f"{label}: latency")
        report.latencies[label] = await latency(ground, records, each)


async def _profile(ground: Ground, options: Options, report: Report, tell: Tell) -> None:
    for name in options.records:
        of_worker = _ground_of(ground, name)
        records = await make(name, options.events, SEED, of_worker.subject_topic, ground.encoder)
        played = await fill(of_worker, records, PARTITIONS)
        tell(f"{name}: profiling")
        report.profiles.append(await profile(of_worker, played))
