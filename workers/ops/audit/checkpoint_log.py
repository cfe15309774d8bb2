"""The checkpoints of a topic: each with its signature and its link to the one before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from workers.core.record import ConsumedRecord
from workers.ops.audit.finding import Chain, Finding, Kind
from workers.ops.audit.signatures import Signatures
from workers.pipelines.audit.checkpoints.checkpoint import SIGNATURE_HEADER, Checkpoint, read_checkpoint


class Published(NamedTuple):
    """A checkpoint as it was published. ``signature`` and ``public_key`` (PEM) are empty for an unsigned one."""

    checkpoint: Checkpoint
    signature: str = ""
    public_key: bytes = b""


@dataclass(slots=True)
class Log:
    """The valid checkpoints of one chain, in their order; of several at one sequence only the first is kept.

    Where some are signed, ``published`` has these alone.

    ``newest``   the highest ``number``
    ``dead``     offsets that checkpoints name as dead letters
    """

    published: list[Published] = field(default_factory=list)
    newest: int = 0
    unsigned: int = 0
    signed: int = 0
    dead: set[int] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    digests: set[bytes] = field(default_factory=set)

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """Return them without their signatures."""
        return [each.checkpoint for each in self.published]


def read_log(
    records: Iterable[ConsumedRecord], signatures: Signatures | None, *, complete: bool = True
) -> Mapping[Chain, Log]:
    """Return the checkpoints by chain. Without ``complete`` the topic's oldest records are gone by its retention.

    ``signatures`` is ``None`` where no key is known: then a signature is neither right nor wrong.
    """
    logs: dict[Chain, Log] = {}
    for record in records:
        checkpoint = read_checkpoint(record.value)
        if checkpoint is None:
            continue
        chain = Chain(checkpoint.topic, checkpoint.partition, checkpoint.chain_id)
        _add(logs.setdefault(chain, Log()), checkpoint, signature_of(record), signatures, complete=complete)
    for log in logs.values():
        if log.signed:  # anybody who may write the topic could have added the unsigned ones
            log.published = [each for each in log.published if each.public_key]
        log.published.sort(key=lambda each: each.checkpoint.sequence)
    return logs


def signature_of(record: ConsumedRecord) -> str:
    """Return a record's signature; an empty text for an unsigned one."""
    found = (value for name, value in record.headers if name == SIGNATURE_HEADER and value)
    return next((value.decode(errors="replace") for value in found), "")


def _add(log: Log, checkpoint: Checkpoint, signature: str, signatures: Signatures | None, *, complete: bool) -> None:
    digest = bytes.fromhex(checkpoint.digest)
    if digest in log.digests:  # after a crash, the same one is published again
        return
    key = signatures.key_of(checkpoint.canonical, signature) if signature and signatures else None
    if signature and signatures and key is None:
        log.findings.append(forged(checkpoint))
        return
    begins = not checkpoint.previous or (not log.digests and not complete)
    if not begins and bytes.fromhex(checkpoint.previous) not in log.digests:
        log.findings.append(unlinked(checkpoint))
    log.digests.add(digest)
    log.newest = max(log.newest, checkpoint.number)
    log.signed += key is not None
    log.unsigned += not signature
    log.dead.update(checkpoint.dead_letters)
    last = log.published[-1] if log.published else None
    if last is None or last.checkpoint.sequence != checkpoint.sequence or (key and not last.public_key):
        log.published.append(Published(checkpoint, signature, key or b""))


def forged(checkpoint: Checkpoint) -> Finding:
    """Return the finding for a checkpoint whose signature is not valid."""
    message = (
        f"the checkpoint {checkpoint.number:,} of {checkpoint.created_at}, at the record {checkpoint.sequence:,}, has "
        "a signature of another key, or was changed after it was signed"
    )
    return Finding(Kind.CHECKPOINT_FORGED, message, checkpoint.sequence)


def unlinked(checkpoint: Checkpoint) -> Finding:
    """Return the finding for a checkpoint that names another one before it, which is not there."""
    message = (
        f"the checkpoint before {checkpoint.number:,} of {checkpoint.created_at}, at the record "
        f"{checkpoint.sequence:,}, is not there, or is another one"
    )
    return Finding(Kind.CHECKPOINT_REMOVED, message, checkpoint.sequence)
