"""Interleaved rounds (A B C, C B A): changes of the machine and of the servers affect every contestant."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from workers.dev.bench.contestants import Contestant
from workers.dev.bench.measure.figures import Spread, spread
from workers.dev.bench.round import Measured

Tell = Callable[[str], None]
Play = Callable[[Contestant, str], Awaitable[Measured]]
"""Plays one round of a contestant under the given name."""


@dataclass(frozen=True, slots=True)
class Course:
    """One set of records, and who plays it."""

    records: str
    contestants: Mapping[str, Contestant]
    play: Play


@dataclass(slots=True)
class Standing:
    """One contestant over all rounds."""

    label: str
    rounds: list[Measured] = field(default_factory=list)

    @property
    def events_per_second(self) -> Spread:
        """Speed at saturation."""
        return spread([each.events_per_second for each in self.rounds])

    @property
    def cpu_us(self) -> Spread:
        """Its own CPU, microseconds an event."""
        return spread([each.cpu_us for each in self.rounds])

    @property
    def database_us(self) -> Spread:
        """The database's CPU, microseconds an event."""
        return spread([each.database_us for each in self.rounds])

    @property
    def broker_us(self) -> Spread:
        """The broker's CPU, microseconds an event."""
        return spread([each.broker_us for each in self.rounds])

    @property
    def all_us(self) -> Spread:
        """The CPU of all three, microseconds an event: what limits a machine on which they share the cores."""
        return spread([each.cpu_us + each.database_us + each.broker_us for each in self.rounds])

    @property
    def rss_mib(self) -> Spread:
        """Its highest memory."""
        return spread([each.rss_mib for each in self.rounds])

    @property
    def differences(self) -> dict[str, int]:
        """Differences between the expected graph and the graph after any round."""
        return {name: count for each in self.rounds for name, count in each.differences.items()}

    def as_data(self) -> dict[str, object]:
        """Return everything, for a program to read."""
        return {
            "label": self.label,
            **{
                name: getattr(self, name)._asdict()
                for name in ("events_per_second", "cpu_us", "database_us", "broker_us", "all_us", "rss_mib")
            },
            "differences": self.differences,
            "rounds": [asdict(each) for each in self.rounds],
        }


@dataclass(slots=True)
class Comparison:
    """Every contestant on one field, by name."""

    records: str
    partitions: int
    events: int
    standings: dict[str, Standing]

    def median(self, name: str) -> float | None:
        """Return the median speed of one contestant; ``None`` where it did not take part."""
        standing = self.standings.get(name)
        return standing.events_per_second.median if standing else None

    def beside(self, name: str, peer: str) -> Spread | None:
        """Return the ratios of two contestants' speeds in the same rounds; ``None`` where one did not take part.

        The two of a round ran one after the other: a machine that gets faster or slower changes both.
        """
        if name not in self.standings or peer not in self.standings:
            return None
        rounds = zip(self.standings[name].rounds, self.standings[peer].rounds, strict=True)
        return spread([ours.events_per_second / theirs.events_per_second for ours, theirs in rounds])

    def best(self, names: Sequence[str]) -> float | None:
        """Return the best median of several."""
        return max((speed for name in names if (speed := self.median(name)) is not None), default=None)


def _in_turn(contestants: Mapping[str, Contestant], number: int) -> list[tuple[str, Contestant]]:
    """Return who plays when: every second round backwards, so that no one always follows the same one."""
    forwards = list(contestants.items())
    return forwards[::-1] if number % 2 else forwards


async def compare(courses: Sequence[Course], rounds: int, tell: Tell) -> list[dict[str, Standing]]:
    """Play all rounds, each on every course; return the standings of each course.

    The first round is a warm-up and not counted: databases compile queries at first use.
    """
    standings = [{name: Standing(each.label) for name, each in course.contestants.items()} for course in courses]
    for number in range(rounds + 1):
        counts = "warm-up" if number == 0 else f"round {number} of {rounds}"
        for course, of_course in zip(courses, standings, strict=True):
            for name, contestant in _in_turn(course.contestants, number):
                measured = await course.play(contestant, f"{name}-{number}")
                tell(f"{course.records}, {counts}: {contestant.label}: {measured.events_per_second:,.0f} events/s")
                if number:
                    of_course[name].rounds.append(measured)
    return standings
