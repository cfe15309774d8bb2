"""The archive over a real folder, written by the second implementation, and edited in every way."""

import base64
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.model import audit_edits, naive_archive
from tests.model.audit_edits import EDITS, Edit, Node, numbers
from workers.adapters.object_store.store import ObjectStore
from workers.core.errors import Misconfigured
from workers.core.job import ObjectStoreAt
from workers.ops.audit.archive.known import ArchivedChain, Noted, listed
from workers.ops.audit.archive.verify import ArchiveChain
from workers.ops.audit.checkpoint_log import Log, Published
from workers.ops.audit.finding import Chain, Finding, Kind, Result
from workers.ops.audit.signatures import PublicKeys
from workers.pipelines.audit.checkpoints.checkpoint import Checkpoint

PLACE = ("audit-events", 3, "1")
CHAIN = Chain(*PLACE)
EVENTS, SIZE = 60, 20
NODES = audit_edits.chain_of([audit_edits.event(number, numbers(number), 3) for number in range(EVENTS)], PLACE)
CREATED = 1_796_000_000_000
OURS, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
KEYS = PublicKeys({1: [OURS.public_key().public_bytes_raw()]})
NOTED = Noted(EVENTS, NODES[-1]["hash"])


def signed(made: dict[str, Any], key: Ed25519PrivateKey) -> str:
    return f"vault:v1:{base64.b64encode(key.sign(Checkpoint(**made).canonical)).decode()}"


class Archive:
    """Three objects of 20 records each, with a signed checkpoint each; ``digests`` are what the worker has noted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.at = ObjectStoreAt(f"file://{folder}")
        self.checkpoints: list[dict[str, Any]] = []
        self.digests = {name: naive_archive.write(folder, name, lines) for name, lines in self.objects(NODES).items()}

    def objects(self, nodes: Sequence[Node], key: Ed25519PrivateKey = OURS) -> dict[str, list[dict[str, Any]]]:
        """Return the lines of each object, by its name."""
        made: dict[str, list[dict[str, Any]]] = {}
        previous, self.checkpoints = "", []
        for begin in range(0, len(nodes), SIZE):
            part = nodes[begin : begin + SIZE]
            checkpoint = naive_archive.checkpoint(PLACE, len(made) + 1, part[-1], previous, CREATED + begin)
            previous = naive_archive.digest(checkpoint)
            self.checkpoints.append(checkpoint)
            lines = naive_archive.lines(PLACE, part, [checkpoint])
            lines[-1]["signature"] = signed(checkpoint, key)
            made[naive_archive.name(PLACE, part)] = lines
        return made

    @property
    def names(self) -> list[str]:
        return listed(ObjectStore(self.at), "audit-events").get(CHAIN, [])

    def edit(self, which: int, line: int, **changed: Any) -> None:
        """Change a line of an object."""
        name = self.names[which]
        lines = naive_archive.read(self.folder / name)
        lines[line] |= changed
        naive_archive.write(self.folder, name, lines)

    async def verified(self, noted: Noted = NOTED, log: Log | None = None, **other: Any) -> Result:
        keys = other.pop("keys", KEYS)
        archive = ArchivedChain(self.at, self.names, noted, keys, other.pop("days", 36_500))
        return await ArchiveChain(CHAIN, archive, ObjectStore(self.at), log or Log(), lambda _: None, **other).verify()

    async def finding(self, *arguments: Any, **other: Any) -> Finding:
        (finding,) = (await self.verified(*arguments, **other)).findings
        return finding


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


async def test_what_was_not_edited_is_whole(archive: Archive) -> None:
    result = await archive.verified(NOTED._replace(digests=archive.digests))
    assert result.findings == []
    assert (result.records, result.head, result.hash) == (EVENTS, EVENTS, NODES[-1]["hash"])
    assert (result.checkpoints, result.signed, result.unsigned) == (3, 3, 0)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
@pytest.mark.parametrize("seed", range(6))
async def test_every_edit_of_the_lines_of_an_object_is_named(edit: Edit, seed: int, archive: Archive) -> None:
    edited, whole = edit(NODES, PLACE, numbers(seed)), naive_archive.lines(PLACE, NODES)
    for each in archive.folder.iterdir():
        shutil.rmtree(each)
    events = naive_archive.lines(PLACE, edited.nodes)[1:] if edited.nodes else []
    naive_archive.write(archive.folder, naive_archive.name(PLACE, NODES), [whole[0], *events])
    finding = await archive.finding()
    assert (finding.kind in edited.kinds, finding.sequence in edited.sequences) == (True, True), (edited.what, finding)


async def test_an_edited_line_is_named_with_its_object(archive: Archive) -> None:
    line = naive_archive.read(archive.folder / archive.names[1])[5]
    archive.edit(1, 5, event={**line["event"], "user_id": "nobody"})
    finding = await archive.finding()
    assert (finding.kind, finding.sequence, finding.audit_id) == (Kind.CHANGED, 25, NODES[24]["audit_id"])
    assert f"(in {archive.names[1]})" in finding.message


@pytest.mark.parametrize("line", [1, 20])
async def test_the_first_and_the_last_record_of_an_object_are_named_too(line: int, archive: Archive) -> None:
    archive.edit(1, line, hash="00" * 32)
    finding = await archive.finding()
    assert (finding.kind, finding.sequence) == (Kind.CHANGED, 20 + line)


async def test_a_cut_object_is_found_without_the_graph(archive: Archive) -> None:
    name = archive.names[2]
    header, *events, _ = naive_archive.read(archive.folder / name)
    naive_archive.write(archive.folder, name, [header, *events[:-1]])
    finding = await archive.finding(Noted())
    assert (finding.kind, finding.sequence) == (Kind.TAIL_CUT, EVENTS)
    assert "says that it ends with 60, and it ends with 59" in finding.message


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_a_removed_object_is_named_by_its_records(which: int, archive: Archive) -> None:
    (archive.folder / archive.names[which]).unlink()
    finding = await archive.finding()
    assert finding.kind is (Kind.TAIL_CUT if which == 2 else Kind.REMOVED)
    assert finding.sequence == which * SIZE + 1
    assert f"{which * SIZE + 1} to {which * SIZE + SIZE}" in finding.message


async def test_an_object_that_was_replaced_by_a_whole_one_is_found_by_the_next(archive: Archive) -> None:
    other = [{**each, "reason": "another"} for each in map(audit_edits.event_of, NODES[:20])]
    nodes = audit_edits.chain_of(other, PLACE)
    naive_archive.write(archive.folder, archive.names[0], naive_archive.lines(PLACE, nodes))
    finding = await archive.finding()
    assert (finding.kind, finding.sequence) in {(Kind.CHANGED, 20), (Kind.REMOVED, 21), (Kind.CHANGED, 21)}
    noted = NOTED._replace(digests=archive.digests)
    finding = await archive.finding(noted)
    assert (finding.kind, finding.sequence) == (Kind.CHANGED, 1)
    assert f"the object {archive.names[0]} was replaced" in finding.message


async def test_an_archive_that_was_rewritten_whole_is_found_by_the_topics_checkpoints(archive: Archive) -> None:
    log = Log([Published(Checkpoint(**each)) for each in archive.checkpoints])
    log.digests = {bytes.fromhex(naive_archive.digest(each)) for each in archive.checkpoints}
    rewritten = audit_edits.rewritten(NODES, PLACE, numbers(3))
    for name, lines in archive.objects(rewritten.nodes).items():
        naive_archive.write(archive.folder, name, lines)
    finding = await archive.finding(Noted(), log)
    assert finding.kind is Kind.CHANGED
    assert "every hash after it computed again" in finding.message


async def test_a_checkpoint_of_another_key_is_forged(archive: Archive) -> None:
    archive.edit(1, 21, signature=signed(archive.checkpoints[1], OTHER))
    finding = await archive.finding()
    assert (finding.kind, finding.sequence) == (Kind.CHECKPOINT_FORGED, 40)


async def test_a_removed_checkpoint_is_named_by_the_one_after_it(archive: Archive) -> None:
    name = archive.names[1]
    naive_archive.write(archive.folder, name, naive_archive.read(archive.folder / name)[:-1])
    finding = await archive.finding()
    assert (finding.kind, finding.sequence) == (Kind.CHECKPOINT_REMOVED, 60)


async def test_a_checkpoint_with_another_hash_is_named(archive: Archive) -> None:
    wrong = {**archive.checkpoints[2], "hash": "00" * 32}
    archive.edit(2, 21, checkpoint=wrong, signature=None)
    finding = await archive.finding()
    assert (finding.kind, finding.sequence) == (Kind.CHECKPOINT_DIFFERS, 60)


@pytest.mark.parametrize("content", [b"", b"no gzip"])
async def test_an_object_that_cannot_be_read_is_named(content: bytes, archive: Archive) -> None:
    (archive.folder / archive.names[1]).write_bytes(content)
    finding = await archive.finding()
    assert (finding.kind, finding.sequence) == (Kind.CHANGED, 21)
    assert f"the object {archive.names[1]} cannot be read" in finding.message


async def test_an_object_under_the_name_of_another_is_named(archive: Archive) -> None:
    first, second, _ = (archive.folder / name for name in archive.names)
    second.write_bytes(first.read_bytes())
    finding = await archive.finding()
    assert "has records of another place" in finding.message


async def test_objects_older_than_the_retention_may_be_gone(archive: Archive) -> None:
    (archive.folder / archive.names[0]).unlink()
    result = await archive.verified(days=1)
    assert (result.findings, result.records) == ([], 40)


async def test_a_part_by_time_is_whole_objects(archive: Archive) -> None:
    since, until = NODES[25]["timestamp"], NODES[39]["timestamp"]
    result = await archive.verified(since=since, until=until)
    assert (result.findings, result.records, result.head) == ([], 20, 40)


async def test_signed_checkpoints_need_a_key(archive: Archive) -> None:
    with pytest.raises(Misconfigured, match="nothing says by whom"):
        await archive.verified(keys=None)


async def test_checkpoints_of_a_chain_that_rests_are_verified(archive: Archive) -> None:
    later = naive_archive.checkpoint(PLACE, 4, NODES[-1], naive_archive.digest(archive.checkpoints[-1]), CREATED + 99)
    lines = naive_archive.lines(PLACE, NODES[:1], [later])
    header = {**lines[0], "first": 61, "last": 60, "prev_hash": NODES[-1]["hash"], "hash": NODES[-1]["hash"]}
    lines[-1]["signature"] = signed(later, OURS)
    name = f"2026/11/30/3/audit-events/1/000000000061-{naive_archive.digest(later)[:16]}.jsonl.gz"
    naive_archive.write(archive.folder, name, [header, lines[-1]])
    result = await archive.verified()
    assert (result.findings, result.records, result.signed) == ([], 60, 4)
    lines[-1]["signature"] = signed(later, OTHER)
    naive_archive.write(archive.folder, name, [header, lines[-1]])
    assert (await archive.finding()).kind is Kind.CHECKPOINT_FORGED
