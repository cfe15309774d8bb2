"""A proof, checked by the lines of the documentation and nothing of ours."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.model import audit_edits
from tests.model.audit_edits import Node, numbers
from tests.unit.ops.audit.nodes import Nodes
from workers.core.errors import ProblemsFound
from workers.ops.audit.checkpoint_log import Log, Published
from workers.ops.audit.finding import Chain
from workers.ops.audit.proof import proof_of
from workers.pipelines.audit.checkpoints.checkpoint import Checkpoint

PLACE = ("audit-events", 3, "1")
CHAIN = Chain(*PLACE)
NODES = audit_edits.chain_of([audit_edits.event(number, numbers(number)) for number in range(30)], PLACE)
KEY = Ed25519PrivateKey.generate()
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def checkpoint(sequence: int, *, signed: bool = True) -> Published:
    made = Checkpoint(*PLACE, 1, sequence, NODES[sequence - 1]["hash"], "", [], "2026-11-30T00:00:00.000Z")
    if not signed:
        return Published(made)
    return Published(made, f"vault:v1:{base64.b64encode(KEY.sign(made.canonical)).decode()}", PEM)


async def proof(sequence: int, *published: Published, nodes: list[Node] = NODES) -> dict[str, Any]:
    source: Any = Nodes(nodes)
    return await proof_of(source, CHAIN, sequence, Log(list(published)))


def checked(document: dict[str, Any], folder: Path) -> str:
    """Run the lines of the documentation in a process of their own."""
    text = Path("workers/pipelines/audit/README.md").read_text()
    (lines,) = re.findall(r"```python\n(import base64.*?)```", text, re.DOTALL)
    (folder / "check.py").write_text(lines)
    (folder / "proof.json").write_text(json.dumps(document))
    command = [sys.executable, "-I", str(folder / "check.py"), str(folder / "proof.json")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{run.stdout}{run.stderr}"


@pytest.mark.parametrize(("sequence", "following"), [(1, 19), (12, 8), (20, 0)])
async def test_a_proof_holds_with_nothing_of_ours(sequence: int, following: int, tmp_path: Path) -> None:
    document = await proof(sequence, checkpoint(20), checkpoint(30))
    assert len(document["following"]) == following
    assert document["hash"] == NODES[sequence - 1]["hash"]
    assert checked(document, tmp_path) == f"{NODES[sequence - 1]['id']} is proved\n"


@pytest.mark.parametrize("what", ["record", "following", "checkpoint", "key"])
async def test_a_proof_of_something_else_fails(what: str, tmp_path: Path) -> None:
    document = await proof(12, checkpoint(20))
    match what:
        case "record":
            document["canonical"] = document["canonical"].replace("content", "contents")
        case "following":
            del document["following"][3]
        case "checkpoint":
            document["checkpoint"] = document["checkpoint"].replace("2026", "2027")
        case _:
            other = Ed25519PrivateKey.generate().public_key()
            document["public_key"] = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert "Error" in checked(document, tmp_path) or "InvalidSignature" in checked(document, tmp_path)


async def test_a_signed_checkpoint_is_preferred_to_an_unsigned_one_that_comes_first() -> None:
    document = await proof(5, checkpoint(10, signed=False), checkpoint(20))
    assert (json.loads(document["checkpoint"])["sequence"], document["public_key"]) == (20, PEM.decode())
    assert (await proof(5, checkpoint(10, signed=False)))["signature"] is None


async def test_without_a_later_checkpoint_there_is_no_proof_yet() -> None:
    with pytest.raises(ProblemsFound, match="no checkpoint after it yet"):
        await proof(21, checkpoint(20))


async def test_an_edited_record_gets_no_proof() -> None:
    nodes = [dict(each) for each in NODES]
    nodes[14]["reason"] = "another"
    with pytest.raises(ProblemsFound, match="record 15 was edited"):
        await proof(12, checkpoint(20), nodes=nodes)
    assert (await proof(16, checkpoint(20), nodes=nodes))["sequence"] == 16
