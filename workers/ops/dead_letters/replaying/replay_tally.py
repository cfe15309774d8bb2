"""Count what a replay does with dead letters."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workers.ops.dead_letters.letter import Letter
from workers.ops.dead_letters.replaying.verdict import NOTHING_LEFT_TO_DO, Verdict

SHOWN_REPAIRS = 3
Changes = Mapping[str, tuple[Any, Any]]
"""Old and new values by field."""


class Judged(NamedTuple):
    """A letter, what is done with it, why the worker would reject it again, and what was repaired."""

    letter: Letter
    verdict: Verdict
    fault: str = ""
    changes: Changes | None = None


@dataclass(slots=True)
class Tally:
    """What a replay does, or did.

    ``verdicts``  letters by verdict and code; ``faults`` by the reason why they would fail again
    ``repairs``  what was changed in the first letters that are sent
    ``overtaken``  keys with later records in the source topic, which a replayed record comes after; only planned
    """

    verdicts: Counter[tuple[Verdict, str]] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    repairs: list[Changes] = field(default_factory=list)
    overtaken: int = 0

    def add(self, judged: Iterable[Judged]) -> None:
        """Count judged letters."""
        for letter, is_done, fault, changes in judged:
            self.verdicts[is_done, letter.code] += 1
            if changes and len(self.repairs) < SHOWN_REPAIRS:
                self.repairs.append(changes)
            if fault:
                self.faults[fault] += 1

    @property
    def letters(self) -> int:
        """Return the number of letters."""
        return self.verdicts.total()

    @property
    def left_out(self) -> int:
        """Return the number of letters that could not be sent, for whatever reason."""
        return sum(count for (each, _), count in self.verdicts.items() if each not in NOTHING_LEFT_TO_DO)

    def count(self, is_done: Verdict) -> int:
        """Return the number of letters with a verdict."""
        return sum(count for (each, _), count in self.verdicts.items() if each is is_done)
