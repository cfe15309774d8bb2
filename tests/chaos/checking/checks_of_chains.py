"""For the audit worker: each chain is what its description makes of the records, and never begins again."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from tests.chaos.checking.anomaly import Anomaly, Finding
from tests.chaos.checking.checks_of_offsets import of_kind, without_restoring
from tests.chaos.checking.history import Line
from tests.model import naive_chain
from tests.model.audit_edits import event_of

Event = Mapping[str, Any]
Row = Mapping[str, Any]


def chains_never_begin_again(history: Sequence[Line]) -> Iterator[Finding]:
    """Check that no chain gets shorter, except by a restore, and that no chain of an emptied graph comes back."""
    lengths: dict[str, int] = {}
    gone: set[str] = set()
    for line in without_restoring(history):
        if line["what"] == "emptied":
            gone |= lengths.keys()
        if line["what"] == "restored":
            lengths = {}
        for chain, length in line["chains"].items() if line["what"] == "chains" else ():
            if chain in gone:
                yield Finding(Anomaly.RESTARTED, f"{chain} is there again, with {length} events")
            if length < lengths.get(chain, 0):
                yield Finding(Anomaly.RESTARTED, f"{chain}: from {lengths[chain]} events to {length}")
            lengths[chain] = length


def expected_chains(produced: Sequence[tuple[int, Event]], homes: Mapping[str, int]) -> dict[int, list[Event]]:
    """Return the events of each partition's chain from valid records, in the order of the log.

    An event counts once. Where several partitions have it, any of them may: ``homes`` says which has.
    """
    chains: dict[int, dict[str, Event]] = {}
    partitions: dict[str, set[int]] = {}
    for partition, event in produced:
        partitions.setdefault(event["audit_id"], set()).add(partition)
    for partition, event in produced:
        name = event["audit_id"]
        home = homes.get(name) if homes.get(name) in partitions[name] else min(partitions[name])
        if partition == home:
            chains.setdefault(partition, {}).setdefault(name, event)
    return {partition: list(events.values()) for partition, events in chains.items()}


def chain_is(place: tuple[str, int, str], expected: Sequence[Event], found: Sequence[Row]) -> Iterator[Finding]:
    """Compare one partition's nodes, in the order of their sequence, with the events that it must have."""
    where, names = f"partition {place[1]}", [each["id"] for each in found]
    wanted, there = Counter(event["audit_id"] for event in expected), Counter(names)
    for anomaly, names_of in ((Anomaly.LOST, wanted - there), (Anomaly.DOUBLED, there - wanted)):
        if names_of:
            yield Finding(anomaly, f"{where}: {names_of.total()} audit events, such as {sorted(names_of)[:3]}")
    sequences, links = Counter(each["sequence"] for each in found), Counter(each["prev_hash"] for each in found)
    if twice := [name for counts in (sequences, links) for name, count in counts.items() if count > 1]:
        yield Finding(Anomaly.FORKED, f"{where}: two events at {twice[:3]}")
    if names != list(wanted) and not (wanted - there or there - wanted):
        yield Finding(Anomaly.REORDERED, f"{where}: the chain has another order than the log")
    hashes = naive_chain.hashes(place[0], place[1], expected, place[2])
    if [each["hash"] for each in found] != hashes or list(sequences) != list(range(1, len(hashes) + 1)):
        yield Finding(Anomaly.CHAIN_BROKEN, f"{where}: the hashes are not those of the records")
    elif [each["prev_hash"] for each in found] != [naive_chain.genesis_hash(*place), *hashes][: len(hashes)]:
        yield Finding(Anomaly.CHAIN_BROKEN, f"{where}: an event does not name the hash before it")
    elif naive_chain.hashes(place[0], place[1], map(_event, found), place[2]) != hashes:
        yield Finding(Anomaly.CHAIN_BROKEN, f"{where}: the properties are not those of the records")


def _event(row: Row) -> Event:
    return event_of({**dict.fromkeys(naive_chain.FIELDS), **row, "audit_id": row["id"]})


def heads_are_those_of_the_events(chains: Sequence[Row], found: Sequence[Row]) -> Iterator[Finding]:
    """Check that the node of each chain has the place and the hash of its last event."""
    last = {(each["partition"], each["chain_id"]): (each["sequence"], each["hash"]) for each in found}
    heads = {(each["partition"], each["chain_id"]): (each["length"], each["head"]) for each in chains}
    if last != heads:
        yield Finding(Anomaly.CHAIN_BROKEN, f"the chains stand at {heads}, their events at {last}")


def events_are_joined_once(found: Sequence[Row]) -> Iterator[Finding]:
    """Check that each event has one user who did it, and one content that it is about."""
    for each in found:
        if (each["users"], each["contents"]) != (1, 1):
            anomaly = Anomaly.LOST if 0 in {each["users"], each["contents"]} else Anomaly.DOUBLED
            yield Finding(anomaly, f"{each['id']}: {each['users']} users, {each['contents']} contents")


def checkpoints_are_those_of_the_chains(
    history: Sequence[Line], checkpoints: Sequence[tuple[bytes, bool]], hashes: Mapping[tuple[int, str], list[str]]
) -> Iterator[Finding]:
    """Check each checkpoint (value, whether it is signed) by the chain's hashes and by the checkpoint before it."""
    known = {(*chain, "") for chain in hashes}
    may_be_unsigned = bool(of_kind(history, "unsigned_allowed"))
    for value, signed in checkpoints:
        read = json.loads(value)
        chain = read["partition"], read["chain_id"]
        if chain not in hashes:
            continue
        told = f"the checkpoint {read['number']} of {chain}, at {read['sequence']}"
        if not signed and not may_be_unsigned:
            yield Finding(Anomaly.UNSIGNED, told)
        if [read["hash"]] != hashes[chain][read["sequence"] - 1 : read["sequence"]]:
            yield Finding(Anomaly.CHAIN_BROKEN, f"{told}, has another hash")
        if (*chain, read["previous"]) not in known:
            yield Finding(Anomaly.CHAIN_BROKEN, f"{told}, follows none that was published")
        known.add((*chain, sha256(value).hexdigest()))
    for chain in hashes.keys() - {each[:2] for each in known if each[2]}:
        yield Finding(Anomaly.LOST, f"{chain} has no checkpoint")
