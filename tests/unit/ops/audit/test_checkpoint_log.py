"""The checkpoints of a topic: signed by a key made here, linked, repeated, forged and removed."""

import base64
import json
from hashlib import sha256

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from workers.core.record import ConsumedRecord
from workers.ops.audit.checkpoint_log import Log, read_log
from workers.ops.audit.finding import Chain, Kind
from workers.ops.audit.signatures import PublicKeys, keys_of_transit

OURS, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
CHAIN = Chain("audit-events", 0, "1")


def keys() -> PublicKeys:
    raw = OURS.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return keys_of_transit({1: base64.b64encode(raw).decode()})


def value(number: int, previous: bytes | None, sequence: int = 0, **changed: object) -> bytes:
    document = {
        "version": 1,
        "topic": "audit-events",
        "partition": 0,
        "chain_id": "1",
        "number": number,
        "sequence": sequence or number * 10,
        "hash": f"{sequence or number * 10:064x}",
        "previous": "" if previous is None else sha256(previous).hexdigest(),
        "dead_letters": [number],
        "created_at": f"2026-11-30T00:00:{number:02}.000Z",
    }
    return rfc8785.dumps(json.loads(json.dumps({**document, **changed})))


def record(payload: bytes, key: Ed25519PrivateKey | None = OURS, version: int = 1) -> ConsumedRecord:
    signature = "" if key is None else f"vault:v{version}:{base64.b64encode(key.sign(payload)).decode()}"
    headers = [("signature", signature.encode())] if signature else []
    return ConsumedRecord("audit-checkpoints", 0, 0, 0, b"", payload, headers)


FIRST = value(1, None)
SECOND = value(2, FIRST)
THIRD = value(3, SECOND)


def log_of(*records: ConsumedRecord, complete: bool = True) -> Log:
    return read_log(records, keys(), complete=complete)[CHAIN]


def test_signed_and_linked_checkpoints_are_in_order() -> None:
    log = log_of(record(FIRST), record(SECOND), record(THIRD))
    assert (log.findings, log.signed, log.unsigned, log.newest) == ([], 3, 0, 3)
    assert [each.sequence for each in log.checkpoints] == [10, 20, 30]
    assert log.dead == {1, 2, 3}


def test_one_that_is_published_twice_after_a_crash_counts_once() -> None:
    log = log_of(record(FIRST), record(FIRST), record(SECOND))
    assert (log.findings, log.signed) == ([], 2)


def test_after_a_restored_backup_a_number_comes_again_and_is_no_finding() -> None:
    log = log_of(record(FIRST), record(SECOND), record(value(2, FIRST, 25)))
    assert (log.findings, [each.sequence for each in log.checkpoints]) == ([], [10, 20, 25])


def test_idle_checkpoints_are_linked_and_kept_once() -> None:
    again = value(3, SECOND, 20)
    log = log_of(record(FIRST), record(SECOND), record(again), record(value(4, again)))
    assert (log.findings, [each.sequence for each in log.checkpoints]) == ([], [10, 20, 40])


@pytest.mark.parametrize(
    "forged",
    [
        record(SECOND, OTHER),
        record(SECOND, OURS, version=2),
        record(SECOND)._replace(value=value(2, FIRST, 21)),
        record(SECOND)._replace(headers=[("signature", b"vault:v1:AAAA")]),
        record(SECOND)._replace(headers=[("signature", b"\xff\xfe")]),
    ],
    ids=["another key", "a version that is not there", "changed after it was signed", "too short", "no text"],
)
def test_a_forged_one_is_found_and_not_believed(forged: ConsumedRecord) -> None:
    log = log_of(record(FIRST), forged)
    (finding,) = log.findings
    assert finding.kind is Kind.CHECKPOINT_FORGED
    assert [each.sequence for each in log.checkpoints] == [10]


def test_a_removed_one_is_missed_by_the_next() -> None:
    (finding,) = log_of(record(FIRST), record(THIRD)).findings
    assert (finding.kind, finding.sequence) == (Kind.CHECKPOINT_REMOVED, 30)
    (finding,) = log_of(record(SECOND), record(THIRD)).findings
    assert (finding.kind, finding.sequence) == (Kind.CHECKPOINT_REMOVED, 20)


def test_those_that_the_topic_has_forgotten_are_not_missed() -> None:
    assert log_of(record(SECOND), record(THIRD), complete=False).findings == []


def test_unsigned_ones_are_counted() -> None:
    log = log_of(record(FIRST, None), record(SECOND))
    assert (log.findings, log.signed, log.unsigned) == ([], 1, 1)
    assert [each.sequence for each in log.checkpoints] == [20]


def test_without_any_signature_unsigned_ones_are_what_there_is() -> None:
    log = log_of(record(FIRST, None), record(SECOND, None))
    assert [each.sequence for each in log.checkpoints] == [10, 20]


def test_a_signed_one_is_kept_where_an_unsigned_one_came_first() -> None:
    again = value(2, FIRST, 10)
    log = log_of(record(FIRST, None), record(again))
    assert [(each.checkpoint.sequence, bool(each.public_key)) for each in log.published] == [(10, True)]


def test_what_is_no_checkpoint_is_left_out() -> None:
    blanks = record(json.dumps(json.loads(FIRST)).encode())
    assert read_log([blanks, record(b"x"), blanks._replace(value=None)], keys()) == {}
