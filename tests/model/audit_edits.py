"""A chain of audit events as nodes of a graph, and edits of it, from the chain's description alone."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from tests.model import naive_chain

Node = dict[str, Any]
TYPES = ("content.read", "content.write", "content.delete", "access.denied")


def numbers(seed: int) -> random.Random:
    """Return a generator of its own for each seed."""
    return random.Random(seed)  # noqa: S311 - examples, repeatable


def event(number: int, rng: random.Random, partition: int = 0) -> dict[str, Any]:
    """Make a valid event; ``number`` is in its id."""
    blank: dict[str, Any] = dict.fromkeys(naive_chain.FIELDS)
    event_type = rng.choice(TYPES)
    return blank | {
        "audit_id": f"audit-{partition}-{number:05}",
        "event_type": event_type,
        "timestamp": 1_790_000_000_000 + number * 137,
        "actor_id": f"person-{rng.randrange(9)}",
        "user_id": f"user-{rng.randrange(20)}",
        "content_id": f"prompt-{rng.randrange(50)}",
        "classification": rng.choice(["public", "internal", "confidential", "restricted"]),
        "source_ip": f"10.0.1.{rng.randrange(1, 255)}",
        "access_granted": event_type != "access.denied",
        "reason": rng.choice(["Model debugging", "Überprüfung", 'a "quoted" reason\n', "🔑 rotated"]),
        "attempted_action": "read",
        "size_bytes": rng.randrange(10_000),
        "retention_met": True,
        "details": {"ticket": f"T-{number}", "größe": "1"} if rng.random() < 0.5 else {},
    }


def node(event_: dict[str, Any], place: tuple[str, int, str], sequence: int, prev_hash: str) -> Node:
    """Return the properties of an event's node."""
    before = bytes.fromhex(prev_hash)
    digest = sha256(b"memory-graph/audit-event/v1\0" + before + naive_chain.canonical_bytes(event_)).hexdigest()
    return {
        **event_,
        "details": naive_chain.json_of(event_["details"]),
        "id": event_["audit_id"],
        "partition": place[1],
        "chain_id": place[2],
        "sequence": sequence,
        "prev_hash": prev_hash,
        "hash": digest,
    }


def chain_of(events: list[dict[str, Any]], place: tuple[str, int, str]) -> list[Node]:
    """Return the nodes of one partition's events, in their order."""
    nodes: list[Node] = []
    for sequence, each in enumerate(events, 1):
        nodes.append(node(each, place, sequence, nodes[-1]["hash"] if nodes else naive_chain.genesis_hash(*place)))
    return nodes


def event_of(node_: Node) -> dict[str, Any]:
    return {name: node_[name] for name in naive_chain.FIELDS} | {"details": json.loads(node_["details"])}


@dataclass(frozen=True)
class Edited:
    """The nodes after an edit, and what must be found: one of these kinds, at one of these sequences."""

    what: str
    nodes: list[Node]
    kinds: tuple[str, ...]
    sequences: tuple[int, ...]


Edit = Callable[[list[Node], tuple[str, int, str], random.Random], Edited]


def _copy(nodes: list[Node]) -> list[Node]:
    return [dict(each) for each in nodes]


def property_changed(nodes: list[Node], _place: tuple[str, int, str], rng: random.Random) -> Edited:
    edited, at = _copy(nodes), rng.randrange(len(nodes))
    name = rng.choice([each for each in naive_chain.FIELDS if each != "audit_id"] + ["hash", "prev_hash"])
    old = edited[at][name]
    other = {"details": '{"ticket":"T-0"}', "hash": "00" * 32, "prev_hash": "11" * 32, "event_type": "role.assigned"}
    if name in other:
        edited[at][name] = other[name]
    elif isinstance(old, bool):
        edited[at][name] = rng.choice([not old, None])
    elif isinstance(old, int):
        edited[at][name] = old + rng.choice([-1, 1])
    else:
        edited[at][name] = rng.choice([f"{old} ", "somebody else"])
    return Edited(f"{name} of {at + 1}", edited, ("changed",), (at + 1,))


def removed(nodes: list[Node], _place: tuple[str, int, str], rng: random.Random) -> Edited:
    at = rng.randrange(len(nodes) - 1)
    return Edited(f"removed {at + 1}", _copy(nodes[:at] + nodes[at + 1 :]), ("removed",), (at + 1,))


def removed_and_numbered(nodes: list[Node], _place: tuple[str, int, str], rng: random.Random) -> Edited:
    at = rng.randrange(len(nodes) - 1)
    edited = _copy(nodes[:at] + nodes[at + 1 :])
    for sequence, each in enumerate(edited, 1):
        each["sequence"] = sequence
    return Edited(f"removed {at + 1}, numbered again", edited, ("removed",), (at + 1,))


def swapped(nodes: list[Node], _place: tuple[str, int, str], rng: random.Random) -> Edited:
    edited = _copy(nodes)
    first, second = sorted(rng.sample(range(len(nodes)), 2))
    edited[first]["sequence"], edited[second]["sequence"] = second + 1, first + 1
    edited[first], edited[second] = edited[second], edited[first]
    return Edited(f"swapped {first + 1} and {second + 1}", edited, ("reordered",), (first + 1,))


def inserted(nodes: list[Node], place: tuple[str, int, str], rng: random.Random) -> Edited:
    """Insert with a recomputed hash, at the sequence of another record or with the rest numbered again."""
    at, fake = rng.randrange(len(nodes) + 1), event(rng.randrange(90_000, 99_999), rng, place[1])
    before = nodes[at - 1]["hash"] if at else naive_chain.genesis_hash(*place)
    numbered = rng.random() < 0.5
    rest = _copy(nodes[at:])
    for each in rest if numbered else ():
        each["sequence"] += 1
    edited = [*_copy(nodes[:at]), node(fake, place, at + 1, before), *rest]
    return Edited(f"inserted at {at + 1}, numbered {numbered}", edited, ("inserted",), (at + 1,))


def tail_cut(nodes: list[Node], _place: tuple[str, int, str], rng: random.Random) -> Edited:
    left = rng.randrange(len(nodes))
    return Edited(f"cut after {left}", _copy(nodes[:left]), ("tail cut",), (left + 1,))


def replaced(nodes: list[Node], place: tuple[str, int, str], rng: random.Random) -> Edited:
    """Change one record and compute its own hash again."""
    edited, at = _copy(nodes), rng.randrange(len(nodes))
    changed = event_of(edited[at]) | {"actor_id": "somebody else"}
    edited[at] = node(changed, place, at + 1, edited[at]["prev_hash"])
    return Edited(f"replaced {at + 1}", edited, ("changed",), (at + 1,))


def rewritten(nodes: list[Node], place: tuple[str, int, str], rng: random.Random) -> Edited:
    """Change one record and compute every hash after it again: only what is outside of the graph shows it."""
    at = rng.randrange(len(nodes))
    events = [event_of(each) for each in nodes]
    events[at] |= {"actor_id": "somebody else"}
    return Edited(
        f"rewritten from {at + 1}", chain_of(events, place), ("changed",), tuple(range(at + 1, len(nodes) + 1))
    )


EDITS: tuple[Edit, ...] = (
    property_changed,
    removed,
    removed_and_numbered,
    swapped,
    inserted,
    tail_cut,
    replaced,
    rewritten,
)
