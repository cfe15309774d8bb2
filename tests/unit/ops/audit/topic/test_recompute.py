from typing import Any

from tests.model import naive_chain
from tests.model.audit_edits import event, numbers
from workers.core.errors import Rejected
from workers.core.record import Decoded
from workers.core.stage import Stage
from workers.ops.audit.topic.recompute import Computed, Identity, Logged, Recomputing, Seen
from workers.pipelines.audit.chain.link import genesis

TOPIC = "audit-events"
EVENTS = [event(number, numbers(number)) for number in range(6)]


class Message:
    """A record whose value is the number of its event."""

    def __init__(self, offset: int, number: int) -> None:
        self._offset, self._number = offset, number

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return b"key"

    def headers(self) -> None:
        """Return no headers."""

    def value(self) -> int:
        return self._number


def decode(value: Any) -> Decoded:
    if value.value < 0:
        raise Rejected(Stage.DECODE, "avro.bad_magic", "no event")
    return Decoded("AuditEvent", EVENTS[value.value])


def accept(decoded: Decoded, key: bytes | None) -> None:
    assert key == b"key"
    if decoded.fields["audit_id"] == EVENTS[2]["audit_id"]:
        raise Rejected(Stage.VALIDATE, "field.missing", "no reason")


def computed(events: list[int], seen: Seen | None = None, dead: set[int] | None = None, **how: Any) -> list[Computed]:
    records = [Logged.of(Message(10 + at, number)) for at, number in enumerate(events)]
    computing = Recomputing(
        genesis(TOPIC, 1), seen or Seen(len(events)), decode, how.get("accept"), frozenset(dead or ())
    )
    return list(computing.events(records))


def hashes(*events: int) -> list[str]:
    return naive_chain.hashes(TOPIC, 1, [EVENTS[number] for number in events])


def identity(number: int) -> Identity:
    return EVENTS[number]["audit_id"], EVENTS[number]["event_type"]


def test_events_are_linked_in_the_order_of_the_log_with_their_offsets() -> None:
    found = computed([3, 1, 0])
    assert [each.hash for each in found] == hashes(3, 1, 0)
    assert [(each.sequence, each.offset) for each in found] == [(1, 10), (2, 11), (3, 12)]


def test_duplicates_and_what_cannot_be_decoded_add_nothing() -> None:
    seen = Seen(6)
    assert [each.hash for each in computed([0, 1, -1, 0, 4, 1], seen)] == hashes(0, 1, 4)
    assert seen.suspects == {identity(0), identity(1)}


def test_dead_letters_and_what_the_worker_rejects_are_outside_of_the_chain() -> None:
    assert [each.hash for each in computed([0, 1, 4], dead={11})] == hashes(0, 4)
    assert [each.hash for each in computed([0, 2, 4], accept=accept)] == hashes(0, 4)


def test_a_dead_letter_that_was_replayed_is_linked_where_it_came_again() -> None:
    assert [each.hash for each in computed([0, 1, 4, 1], dead={11})] == hashes(0, 4, 1)


def test_an_event_that_was_only_taken_for_a_duplicate_is_linked_at_its_first_time() -> None:
    assert [each.hash for each in computed([0, 1, 0], Seen(3, exact=frozenset({identity(0)})))] == hashes(0, 1)


def test_a_duplicate_of_an_event_that_the_topic_has_no_more_adds_nothing() -> None:
    assert [each.hash for each in computed([0, 1], Seen(2, older=frozenset({identity(0)})))] == hashes(1)


def test_what_json_cannot_hold_is_no_event() -> None:
    EVENTS.append({**EVENTS[0], "audit_id": "too-large", "size_bytes": 2**60})
    try:
        assert [each.hash for each in computed([6, 0])] == hashes(0)
    finally:
        EVENTS.pop()
