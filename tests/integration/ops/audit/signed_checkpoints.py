"""Checkpoints of chains as records of their topic, signed by a key of the test's own, and forged by another one."""

import base64
import json
import random
from collections.abc import Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.model.audit_edits import Edited, Node
from workers.core.record import ConsumedRecord

TOPIC = "audit-checkpoints"
OURS, ANOTHERS = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
FOR_EACH_CHAIN = 4


def signed(value: bytes, key: Ed25519PrivateKey) -> ConsumedRecord:
    signature = f"vault:v1:{base64.b64encode(key.sign(value)).decode()}"
    return ConsumedRecord(TOPIC, 0, 0, 0, b"chain", value, [("signature", signature.encode())])


def checkpoints_of(place: tuple[str, int, str], nodes: Sequence[Node]) -> list[ConsumedRecord]:
    """Return the checkpoints of a chain, the last one at its last event."""
    records: list[ConsumedRecord] = []
    for number in range(1, FOR_EACH_CHAIN + 1):
        last = nodes[len(nodes) * number // FOR_EACH_CHAIN - 1]
        checkpoint = {
            "topic": place[0],
            "partition": place[1],
            "chain_id": place[2],
            "number": number,
            "sequence": last["sequence"],
            "hash": last["hash"],
            "previous": sha256(records[-1].value or b"").hexdigest() if records else "",
            "dead_letters": [],
            "created_at": "2026-11-30T00:00:00.000Z",
            "version": 1,
        }
        text = json.dumps(checkpoint, sort_keys=True, separators=(",", ":"))
        records.append(signed(text.encode(), OURS))
    return records


def forged(
    records: Sequence[ConsumedRecord], nodes: list[Node], rng: random.Random
) -> tuple[Edited, list[ConsumedRecord]]:
    """Return the records with one that another key has signed, as it is or with another hash."""
    at, made = rng.randrange(len(records)), list(records)
    value = made[at].value or b""
    read = json.loads(value)
    if rng.random() < 0.5:
        value = value.replace(read["hash"].encode(), sha256(value).hexdigest().encode())
    made[at] = signed(value, ANOTHERS)
    what = f"checkpoint {read['number']} forged"
    return Edited(what, nodes, ("checkpoint forged",), (read["sequence"],)), made
