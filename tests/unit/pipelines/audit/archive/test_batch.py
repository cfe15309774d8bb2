import gzip
import hashlib
import json
from typing import Any

import pytest

from tests.model import naive_archive
from tests.model.audit_edits import chain_of, event, event_of, numbers
from tests.unit.ops.audit.nodes import of
from workers.pipelines.audit.archive.batch import (
    Batch,
    Signed,
    compressed,
    digest,
    name_of,
    read_batch,
    read_name,
    text_of,
)
from workers.pipelines.audit.checkpoints.checkpoint import Checkpoint
from workers.pipelines.audit.fold.chain import ChainName

PLACE = ("audit-events", 3, "1")
NODES = chain_of([event(number, numbers(number), 3) for number in range(40)], PLACE)
CREATED = 1_796_000_000_000
CHECKPOINT = naive_archive.checkpoint(PLACE, 4, NODES[-1], "cd" * 32, CREATED)
BATCH = Batch(
    ChainName(*PLACE),
    10,
    NODES[9]["hash"],
    [of(each) for each in NODES[10:]],
    [Signed(Checkpoint(**CHECKPOINT), "vault:v1:abc=")],
)


def with_line(number: int, **changed: Any) -> bytes:
    """Return the object with one line edited."""
    made = naive_archive.lines(PLACE, NODES[10:], [CHECKPOINT])
    made[number] = {**made[number], **changed}
    return gzip.compress("".join(naive_archive.naive_line(each) + "\n" for each in made).encode(), mtime=0)


def test_the_lines_are_those_of_the_description() -> None:
    expected = naive_archive.lines(PLACE, NODES[10:], [CHECKPOINT])
    expected[-1]["signature"] = "vault:v1:abc="
    text = gzip.decompress(compressed(text_of(BATCH)))
    assert [json.loads(line) for line in text.decode().splitlines()] == expected
    assert [naive_archive.event_hash(each) for each in expected if each["kind"] == "event"] == [
        each["hash"] for each in NODES[10:]
    ]


def test_one_batch_makes_one_object_whose_digest_is_that_of_its_lines() -> None:
    content = compressed(text_of(BATCH))
    assert content == compressed(text_of(BATCH))
    assert digest(content) == hashlib.sha256(gzip.decompress(content)).hexdigest()


def test_an_object_is_read_as_it_was_written() -> None:
    found = read_batch(compressed(text_of(BATCH)))
    assert found == BATCH._replace(stated=40)
    assert (found.last, found.hash, found.broken) == (40, NODES[-1]["hash"], "")
    assert read_batch(with_line(0))._replace(checkpoints=[]) == found._replace(checkpoints=[])


def test_the_name_follows_from_the_first_event_alone() -> None:
    at, expected = NODES[10]["timestamp"], naive_archive.name(PLACE, NODES[10:])
    assert name_of(BATCH.chain, 11, at, "ab" * 32, CREATED) == expected == name_of(BATCH.chain, 11, at, "", 0)
    assert expected == "2026/09/21/3/audit-events/1/000000000011.jsonl.gz"
    assert read_name(expected) == (BATCH.chain, 11)


def test_without_events_the_last_checkpoint_names_an_object_that_sorts_before_the_next_events() -> None:
    resting = name_of(BATCH.chain, 11, None, "ab" * 32, CREATED)
    assert resting == "2026/11/30/3/audit-events/1/000000000011-abababababababab.jsonl.gz"
    assert read_name(resting) == (BATCH.chain, 11)
    with_events = "000000000011.jsonl.gz"
    assert resting.rpartition("/")[2] < with_events


@pytest.mark.parametrize(
    "name",
    ["", "notes.txt", "2026/11/30/x/audit-events/1/000000000011.jsonl.gz", "2026/11/30/3/audit-events/1/11.jsonl.gz"],
)
def test_other_objects_have_no_such_name(name: str) -> None:
    assert read_name(name) is None


@pytest.mark.parametrize(
    ("number", "changed", "says"),
    [
        (7, {"hash": "00" * 32}, "the record 17 (audit-3-00016) is not what was linked"),
        (7, {"event": {**event_of(NODES[16]), "user_id": "nobody"}}, "the record 17 (audit-3-00016)"),
        (7, {"sequence": 99}, "the record 17 (audit-3-00016) does not follow"),
        (1, {"prev_hash": "00" * 32}, "the record 11 (audit-3-00010) does not follow"),
        (7, {"event": None}, "the record 17 (None) is not what was linked"),
        (31, {"checkpoint": {**CHECKPOINT, "hash": "00" * 32}}, "the checkpoint 4 is not of the record 40"),
    ],
)
def test_an_edited_line_contradicts_the_hashes(number: int, changed: dict[str, Any], says: str) -> None:
    assert read_batch(with_line(number, **changed)).broken.startswith(says)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1 is no JSON"),
        (b"no gzip", "it is no whole gzip file"),
        (compressed(text_of(BATCH))[:-9], "it is no whole gzip file"),
        (gzip.compress(b"{}\n", mtime=0), "line 1 is no batch of version 1"),
        (with_line(0, version=2), "line 1 is no batch of version 1"),
        (with_line(0, first="11"), "line 1 is no batch"),
        (with_line(31, kind="note", checkpoint={}), "line 32 is neither an event nor a checkpoint"),
        (
            gzip.compress(gzip.decompress(with_line(0)).replace(b'"sequence":12,', b'"sequence":12'), mtime=0),
            "line 3 is no JSON",
        ),
    ],
    ids=range(8),
)
def test_what_is_no_batch_says_why(content: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_batch(content)
