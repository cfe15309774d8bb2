"""For the audit worker's archive: its objects are those of the chains, and each stays as it was put."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from tests.chaos.checking.anomaly import Anomaly, Finding
from tests.chaos.checking.checks_of_offsets import of_kind
from tests.chaos.checking.history import Line
from tests.model import naive_archive

Hashes = Mapping[int, Sequence[str]]
"""The hashes of a chain's events by partition, in their order."""


def objects_of(folder: Path) -> dict[str, list[int | str]]:
    """Return each object with its inode, the time when it was written, and its SHA-256."""
    paths = sorted(folder.rglob("*.gz"))
    return {str(path.relative_to(folder)): _state_of(path) for path in paths}


def _state_of(path: Path) -> list[int | str]:
    status = path.stat()
    return [status.st_ino, status.st_mtime_ns, sha256(path.read_bytes()).hexdigest()]


def objects_stay_as_they_were(history: Sequence[Line], found: Mapping[str, list[int | str]]) -> Iterator[Finding]:
    """Compare the objects at the end with those that were noted before."""
    for line in of_kind(history, "objects"):
        for name, before in line["objects"].items():
            if name not in found:
                yield Finding(Anomaly.LOST, f"the object {name}")
            elif found[name] != before:
                yield Finding(Anomaly.OVERWRITTEN, f"{name}: from {before} to {found[name]}")


def archived_hashes(folder: Path) -> dict[int, list[str]]:
    """Return the hashes of all archived events by partition, in the order of the objects' names."""
    hashes: dict[int, list[str]] = {}
    for path in sorted(folder.rglob("*.gz"), key=lambda each: each.name):
        header, *lines = naive_archive.read(path)
        hashes.setdefault(header["partition"], []).extend(
            naive_archive.event_hash(line) for line in lines if line["kind"] == "event"
        )
    return hashes


def archive_is_that_of_the_chains(expected: Hashes, noted: Mapping[int, int], found: Hashes) -> Iterator[Finding]:
    """Compare the archived events with the chains; ``noted`` is how many of each the graph says are archived."""
    for partition in expected.keys() | found.keys():
        hashes, chain = list(found.get(partition, [])), list(expected.get(partition, []))
        where = f"the archive of partition {partition}"
        if len(set(hashes)) < len(hashes):
            yield Finding(Anomaly.DOUBLED, f"{where} has an event twice")
        if hashes != chain[: len(hashes)]:
            yield Finding(Anomaly.CHAIN_BROKEN, f"{where} has other events than the chain")
        if len(hashes) < noted.get(partition, 0):
            told = f"{where} has {len(hashes)} events, and the graph says {noted[partition]}"
            yield Finding(Anomaly.LOST, told)
