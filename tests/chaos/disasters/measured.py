"""What a scenario has measured of its disaster: one small file for each, from which the table is made."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.chaos.checking.checks_of_offsets import of_kind
from tests.chaos.checking.history import Line

FOLDER = "disasters"
"""Under the home of the stacks."""


@dataclass(frozen=True)
class Measured:
    """One disaster that the graph has recovered from, with every record in it.

    ``seconds``     from the fault until graph and commits were at the end of the log
    ``records``     sent in the whole scenario, all of them checked
    ``waiting``     of them not in the graph yet at the fault
    ``sent_again``  by their producers, because Kafka had lost them, or could not read them any more
    """

    disaster: str
    seconds: float
    records: int
    waiting: int
    sent_again: int


def measured(history: Sequence[Line]) -> Measured | None:
    """Return what the history of a scenario says; ``None`` without a disaster, or before it is over."""
    begun, over = of_kind(history, "disaster"), of_kind(history, "caught_up")
    if not begun:
        return None
    fault = begun[0]["at"]
    ends = [line["at"] for line in over if line["at"] > fault]
    if not ends:
        return None
    sent = of_kind(history, "produced")
    numbers = {line["number"] for line in sent}
    return Measured(
        begun[0]["name"], round(ends[0] - fault, 1), len(numbers), _waiting(history, fault), len(sent) - len(numbers)
    )


def _waiting(history: Sequence[Line], fault: float) -> int:
    """Return how many records were not in the graph at the fault, as far as the witness had seen by then."""
    seen = [line["watermarks"] for line in of_kind(history, "seen") if line["at"] <= fault]
    marks = seen[-1] if seen else {}
    sent = [line for line in of_kind(history, "produced") if line["at"] <= fault]
    return sum(line["offset"] > marks.get(str(line["partition"]), (-1,))[0] for line in sent)


def write(found: Measured, home: Path) -> None:
    """Write it under the home of the stacks, where ``table`` finds it; a later run replaces it."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{found.disaster}.{os.getpid()}"
    fresh.write_text(json.dumps(asdict(found), indent=2) + "\n")
    fresh.replace(folder / f"{found.disaster}.json")


def read_all(home: Path) -> list[Measured]:
    """Return what the latest runs have measured."""
    return [Measured(**json.loads(file.read_bytes())) for file in sorted((home / FOLDER).glob("[!.]*.json"))]
