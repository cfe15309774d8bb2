"""A second implementation of the archive's objects, from their description alone: the standard library."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.model import naive_chain
from tests.model.audit_edits import Node, event_of

Place = tuple[str, int, str]


def iso(millis: int) -> str:
    return f"{datetime.fromtimestamp(millis // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{millis % 1000:03}Z"


def checkpoint(place: Place, number: int, node: Node, previous: str, at: int) -> dict[str, Any]:
    """Return a checkpoint at a record."""
    return {
        "version": 1,
        "topic": place[0],
        "partition": place[1],
        "chain_id": place[2],
        "number": number,
        "sequence": node["sequence"],
        "hash": node["hash"],
        "previous": previous,
        "dead_letters": [],
        "created_at": iso(at),
    }


def digest(made: Mapping[str, Any]) -> str:
    text = json.dumps(made, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def lines(place: Place, nodes: Sequence[Node], checkpoints: Iterable[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """Return the lines of the object of some records that follow each other; the checkpoints are unsigned."""
    topic, partition, chain_id = place
    times = [node["timestamp"] for node in nodes]
    header = {
        "kind": "batch",
        "version": 1,
        "topic": topic,
        "partition": partition,
        "chain_id": chain_id,
        "first": nodes[0]["sequence"],
        "last": nodes[-1]["sequence"],
        "prev_hash": nodes[0]["prev_hash"],
        "hash": nodes[-1]["hash"],
        "from": iso(min(times)),
        "to": iso(max(times)),
    }
    events = [
        {
            "kind": "event",
            "sequence": node["sequence"],
            "prev_hash": node["prev_hash"],
            "hash": node["hash"],
            "event": event_of(node),
        }
        for node in nodes
    ]
    kept = [{"kind": "checkpoint", "checkpoint": dict(each), "signature": None} for each in checkpoints]
    return [header, *events, *kept]


def name(place: Place, nodes: Sequence[Node]) -> str:
    """Return the object's name, by its first record."""
    topic, partition, chain_id = place
    day = datetime.fromtimestamp(nodes[0]["timestamp"] // 1000, UTC)
    return f"{day:%Y/%m/%d}/{partition}/{topic}/{chain_id}/{nodes[0]['sequence']:012}.jsonl.gz"


def write(folder: Path, object_name: str, content: Sequence[Mapping[str, Any]]) -> str:
    """Write an object; return the SHA-256 of its lines."""
    text = "".join(naive_line(each) + "\n" for each in content).encode()
    path = folder / object_name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text))
    return hashlib.sha256(text).hexdigest()


def naive_line(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines of an object."""
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines() if line]


def event_hash(line: Mapping[str, Any]) -> str:
    """Return the hash that an event's line must have."""
    before = bytes.fromhex(line["prev_hash"])
    text = b"memory-graph/audit-event/v1\0" + before + naive_chain.canonical_bytes(line["event"])
    return hashlib.sha256(text).hexdigest()
