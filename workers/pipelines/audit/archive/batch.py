"""The format of an object: JSON lines, compressed by gzip. First the batch, then its events and its checkpoints."""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from workers.core.clock import iso
from workers.pipelines.audit.chain.canonical import canonical
from workers.pipelines.audit.chain.stored import Stored
from workers.pipelines.audit.checkpoints.checkpoint import Checkpoint, read_checkpoint
from workers.pipelines.audit.fold.chain import ChainName

VERSION = 1
NAME = re.compile(r"\d{4}/\d\d/\d\d/(\d+)/([^/]+)/([^/]+)/(\d{12,})(?:-[0-9a-f]{16})?\.jsonl\.gz")
COMPRESSION = 6


class Signed(NamedTuple):
    """A checkpoint with its signature; an empty text for an unsigned one."""

    checkpoint: Checkpoint
    signature: str


class Batch(NamedTuple):
    """Events of one chain that follow each other, and checkpoints of it.

    ``after``      the sequence before the first event, 0 for the first of the chain
    ``prev_hash``  its hash, hex; the chain's genesis for 0
    ``stated``     the last sequence by the first line of its object; -1 for a batch that is in none
    """

    chain: ChainName
    after: int
    prev_hash: str
    events: Sequence[Stored]
    checkpoints: Sequence[Signed]
    stated: int = -1

    @property
    def last(self) -> int:
        """Return the sequence of the last event, or that before, where there are none."""
        return self.after + len(self.events)

    @property
    def hash(self) -> str:
        """Return the hash of the last event."""
        return self.events[-1].hash if self.events else self.prev_hash

    @property
    def times(self) -> tuple[int, int]:
        """Return the earliest and the latest time of its events, epoch milliseconds; without events (0, 0)."""
        times = [(each.event or {})["timestamp"] for each in self.events]
        return (min(times), max(times)) if times else (0, 0)

    @property
    def broken(self) -> str:
        """Return the first thing that contradicts the hashes; an empty text where nothing does."""
        head, hashes = self.prev_hash, {self.after: self.prev_hash}
        for sequence, event in enumerate(self.events, self.after + 1):
            where = f"the record {sequence:,} ({event.audit_id})"
            if event.sequence != sequence or event.prev_hash != head:
                return f"{where} does not follow the one before it"
            if event.hash_after(head) != event.hash:
                return f"{where} is not what was linked: its hash is another one"
            head = hashes[sequence] = event.hash
        for checkpoint, _ in self.checkpoints:
            if hashes.get(checkpoint.sequence, checkpoint.hash) != checkpoint.hash:
                return f"the checkpoint {checkpoint.number:,} is not of the record {checkpoint.sequence:,}"
        return ""


def name_of(chain: ChainName, first: int, at: int | None, newest: str, newest_at: int) -> str:
    """Return the name of an object: it follows from the first event alone, so two objects never have the same events.

    ``at``      the time of the first event, epoch milliseconds, by whose day it is filed; ``None`` without events
    ``newest``  the digest of the last checkpoint, which names an object without events; ``newest_at`` is its time
    """
    topic, partition, chain_id = chain
    day = datetime.fromtimestamp((newest_at if at is None else at) // 1000, UTC)
    rest = f"-{newest[:16]}" if at is None else ""
    return f"{day:%Y/%m/%d}/{partition}/{topic}/{chain_id}/{first:012}{rest}.jsonl.gz"


class ObjectName(NamedTuple):
    """What an object's name says."""

    chain: ChainName
    first: int


def read_name(name: str) -> ObjectName | None:
    """Return what a name says; ``None`` for the name of any other object."""
    found = NAME.fullmatch(name)
    return ObjectName(ChainName(found[2], int(found[1]), found[3]), int(found[4])) if found else None


def text_of(batch: Batch) -> bytes:
    """Return the lines, the same for the same batch. Raises ``ValueError`` for an event without canonical form."""
    return b"".join(line + b"\n" for line in _lines(batch))


def compressed(text: bytes) -> bytes:
    """Return it as gzip, without a time."""
    return gzip.compress(text, COMPRESSION, mtime=0)


def digest(content: bytes) -> str:
    """Return the SHA-256 of an object's lines, hex: what ``zcat … | sha256sum`` prints. Raises ``ValueError``."""
    return sha256(_text(content)).hexdigest()


def _lines(batch: Batch) -> Iterator[bytes]:
    earliest, latest = batch.times
    header = {
        "kind": "batch",
        "version": VERSION,
        **batch.chain._asdict(),
        "first": batch.after + 1,
        "last": batch.last,
        "prev_hash": batch.prev_hash,
        "hash": batch.hash,
        "from": iso(earliest) if batch.events else None,
        "to": iso(latest) if batch.events else None,
    }
    yield orjson.dumps(header)
    for each in batch.events:
        place = f'"sequence":{each.sequence},"prev_hash":"{each.prev_hash}","hash":"{each.hash}"'
        yield b'{"kind":"event",' + place.encode() + b',"event":' + canonical(each.event or {}) + b"}"
    for checkpoint, signature in batch.checkpoints:
        signed = orjson.dumps(signature or None)
        yield b'{"kind":"checkpoint","checkpoint":' + checkpoint.canonical + b',"signature":' + signed + b"}"


def read_batch(content: bytes) -> Batch:
    """Return the batch of an object, as it says; its hashes are not checked. Raises ``ValueError``."""
    lines = _text(content).splitlines()
    header = _line(lines, 0, "batch")
    try:
        chain = ChainName(header["topic"], header["partition"], header["chain_id"])
        after, prev_hash, last = header["first"] - 1, str(header["prev_hash"]), header["last"]
    except (KeyError, TypeError) as error:
        raise ValueError(f"line 1 is no batch: {error} is missing or of another type") from error
    events, checkpoints = [], []
    for number in range(1, len(lines)):
        line = _line(lines, number, "")
        if line.get("kind") == "event":
            events.append(_event(line))
        else:
            checkpoints.append(_checkpoint(line, number))
    return Batch(chain, after, prev_hash, events, checkpoints, last)


def _text(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"it is no whole gzip file ({error})") from error


def _line(lines: Sequence[bytes], number: int, kind: str) -> Mapping[str, Any]:
    try:
        line = orjson.loads(lines[number])
    except (IndexError, orjson.JSONDecodeError) as error:
        raise ValueError(f"line {number + 1} is no JSON") from error
    if not isinstance(line, dict) or (kind and (line.get("kind"), line.get("version")) != (kind, VERSION)):
        raise ValueError(f"line {number + 1} is no {kind or 'line of a batch'} of version {VERSION}")
    return line


def _event(line: Mapping[str, Any]) -> Stored:
    event = line.get("event")
    whole = event if isinstance(event, dict) else None
    audit_id, sequence = str((whole or {}).get("audit_id")), line.get("sequence")
    return Stored(
        sequence if isinstance(sequence, int) else 0, audit_id, whole, str(line.get("prev_hash")), str(line.get("hash"))
    )


def _checkpoint(line: Mapping[str, Any], number: int) -> Signed:
    value = orjson.dumps(line.get("checkpoint"), option=orjson.OPT_SORT_KEYS)
    checkpoint = read_checkpoint(value)
    if checkpoint is None:
        raise ValueError(f"line {number + 1} is neither an event nor a checkpoint")
    return Signed(checkpoint, str(line.get("signature") or ""))
