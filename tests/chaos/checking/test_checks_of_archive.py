"""The checks of the archive on objects written by hand: they find exactly the anomalies."""

from pathlib import Path

import pytest

from tests.chaos.checking.anomaly import Anomaly
from tests.chaos.checking.checks_of_archive import (
    archive_is_that_of_the_chains,
    archived_hashes,
    objects_of,
    objects_stay_as_they_were,
)
from tests.model import naive_archive
from tests.model.audit_edits import Node, chain_of, event, numbers

PLACE = ("audit-events", 1, "1")
NODES = chain_of([event(number, numbers(number), 1) for number in range(6)], PLACE)
OTHERS = chain_of([event(number, numbers(9), 1) for number in range(6)], PLACE)
HASHES = {1: [node["hash"] for node in NODES]}


def write(folder: Path, *objects: list[Node]) -> None:
    for nodes in objects:
        naive_archive.write(folder, naive_archive.name(PLACE, nodes), naive_archive.lines(PLACE, nodes))


@pytest.mark.parametrize(
    ("objects", "anomalies"),
    [
        ([NODES[:4], NODES[4:]], set()),
        ([NODES[:4]], {Anomaly.LOST}),
        ([NODES[:4], NODES[2:]], {Anomaly.DOUBLED, Anomaly.CHAIN_BROKEN}),
        ([OTHERS[:4], NODES[4:]], {Anomaly.CHAIN_BROKEN}),
        ([NODES[1:4], NODES[4:]], {Anomaly.CHAIN_BROKEN, Anomaly.LOST}),
        ([], {Anomaly.LOST}),
    ],
)
def test_objects_are_compared_with_the_chain(
    objects: list[list[Node]], anomalies: set[Anomaly], tmp_path: Path
) -> None:
    write(tmp_path, *objects)
    found = archive_is_that_of_the_chains(HASHES, {1: 6}, archived_hashes(tmp_path))
    assert {each.anomaly for each in found} == anomalies


def test_an_object_that_is_written_again_or_gone_is_found(tmp_path: Path) -> None:
    write(tmp_path, NODES[:4], NODES[4:])
    history = [{"what": "objects", "objects": objects_of(tmp_path)}]
    assert not list(objects_stay_as_they_were(history, objects_of(tmp_path)))
    first, second = sorted(tmp_path.rglob("*.gz"))
    first.with_suffix(".new").write_bytes(first.read_bytes())
    first.with_suffix(".new").replace(first)
    second.unlink()
    found = [each.anomaly for each in objects_stay_as_they_were(history, objects_of(tmp_path))]
    assert found == [Anomaly.OVERWRITTEN, Anomaly.LOST]
