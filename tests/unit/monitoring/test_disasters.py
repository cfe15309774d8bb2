"""The page of disasters has each that is measured, with commands that exist, and minutes within the goals."""

import re
import shlex

import pytest
from typer.main import get_command

from tests.chaos.disasters.known import SCALES_WITH, Disaster
from tests.chaos.disasters.measured import Measured, measured
from tests.chaos.disasters.table import BLOCK, PAGE, table, with_table
from tests.unit.monitoring.room import RUNBOOK
from workers.cli.main import build_app

RTO_MINUTES = 15
PARTS = ("**You see.**", "**Do.**", "**Lost.**", "**Over when**")
COMMANDS = sorted(
    {
        line.partition("#")[0].strip()
        for line in re.findall(r"(?:`|^)(memory-graph [^`\n]+)", PAGE.read_text(), flags=re.MULTILINE)
    }
)


def rows() -> dict[str, list[str]]:
    """Return the cells of each row of the table, by the address of its section."""
    found = BLOCK.search(PAGE.read_text())
    assert found is not None
    lines = [line.strip("| ").split(" | ") for line in found[0].splitlines() if line.startswith("| [")]
    return {line[0].partition("](#")[2].rstrip(")"): line for line in lines}


def test_each_disaster_is_in_the_table_and_has_a_section() -> None:
    titles = re.findall(r"^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    assert set(Disaster) <= set(titles)
    assert list(rows()) == [disaster.anchor for disaster in Disaster]
    assert set(SCALES_WITH) == set(Disaster)


@pytest.mark.parametrize("disaster", Disaster)
def test_a_section_says_what_one_sees_does_and_loses(disaster: Disaster) -> None:
    section = PAGE.read_text().split(f"## {disaster}\n")[1].split("\n## ")[0]
    assert [section.count(part) for part in PARTS] == [1] * len(PARTS)


@pytest.mark.parametrize("disaster", Disaster)
def test_what_was_measured_is_within_the_goals(disaster: Disaster) -> None:
    _, minutes, lost, *_ = rows()[disaster.anchor]
    assert float(minutes.removesuffix(" min")) < RTO_MINUTES
    assert re.fullmatch(r"0 of [1-9][\d,]*", lost)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_is_one_of_the_command_line(line: str) -> None:
    command, words = get_command(build_app()), shlex.split(line)[1:]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words)


def test_the_runbook_leads_there() -> None:
    assert "(DISASTERS.md)" in RUNBOOK.read_text()


HISTORY = [
    {"at": 1.0, "what": "produced", "number": 0, "partition": 0, "offset": 0},
    {"at": 1.1, "what": "produced", "number": 1, "partition": 0, "offset": 1},
    {"at": 1.2, "what": "caught_up"},
    {"at": 1.3, "what": "seen", "watermarks": {"0": [0, 0, "token"]}},
    {"at": 2.0, "what": "disaster", "name": "Kafka lost"},
    {"at": 3.0, "what": "produced", "number": 1, "partition": 0, "offset": 0},
    {"at": 3.5, "what": "seen", "watermarks": {"0": [1, 0, "token"]}},
    {"at": 8.0, "what": "caught_up"},
    {"at": 9.0, "what": "caught_up"},
]


def test_a_disaster_is_measured_from_the_fault_until_everything_is_in_the_graph() -> None:
    assert measured(HISTORY) == Measured("Kafka lost", seconds=6.0, records=2, waiting=1, sent_again=1)


def test_without_a_disaster_or_an_end_nothing_is_measured() -> None:
    assert measured(HISTORY[:4]) is None
    assert measured(HISTORY[:7]) is None


def test_the_table_needs_every_disaster() -> None:
    found = [Measured(disaster, 90.0, 1_000, 10, 5) for disaster in Disaster]
    first = table(found).splitlines()[2]
    assert first.startswith("| [Neo4j lost](#neo4j-lost) | 1.50 min | 0 of 1,000 | 5 | 10 |")
    assert table(found) in with_table(PAGE.read_text(), found)
    with pytest.raises(KeyError, match="Neo4j lost"):
        table(found[1:])
