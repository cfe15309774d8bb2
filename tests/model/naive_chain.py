"""A second implementation of the audit chain, from its description alone: the standard library, and nothing of ours."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

FIELDS = [
    "audit_id",
    "event_type",
    "timestamp",
    "actor_id",
    "user_id",
    "content_id",
    "classification",
    "source_ip",
    "user_agent",
    "access_granted",
    "reason",
    "attempted_action",
    "role",
    "key_id",
    "size_bytes",
    "retention_met",
    "details",
]


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def json_of(value: Any) -> str:
    """Write JSON as RFC 8785 says: no blanks, keys in the order of their UTF-16 code units."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{quoted(key)}:{json_of(value[key])}" for key in keys) + "}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(int(value))


def canonical_bytes(event: Mapping[str, Any]) -> bytes:
    return json_of({name: event[name] for name in FIELDS}).encode("utf-8")


def genesis_hash(topic: str, partition: int, chain_id: str = "1") -> str:
    text = f"memory-graph/audit-chain/v1\0{topic}\0{partition}\0{chain_id}"
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def hashes(topic: str, partition: int, events: Iterable[Mapping[str, Any]], chain_id: str = "1") -> list[str]:
    """Return the hash of each event of one partition, in hex, in their order."""
    result = [genesis_hash(topic, partition, chain_id)]
    for event in events:
        before = bytes.fromhex(result[-1])
        result.append(hashlib.sha256(b"memory-graph/audit-event/v1\0" + before + canonical_bytes(event)).hexdigest())
    return result[1:]
