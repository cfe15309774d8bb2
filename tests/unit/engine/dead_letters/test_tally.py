from workers.adapters.kafka.headers import headers_of
from workers.core.dead_letter import DeadLetter
from workers.core.ports import DeadLetterTopicState
from workers.core.record import ConsumedRecord
from workers.core.stage import Stage
from workers.engine.dead_letters.spans import Waiting
from workers.engine.dead_letters.tally import MAX_CODES, UNKNOWN, Tally
from workers.observe.series import OTHER

NOW = 1_000_000


def letter(offset: int, code: str = "field.missing", failed_at: int = 500, partition: int = 0) -> ConsumedRecord:
    """Return a dead letter as it is in its topic."""
    failed = ConsumedRecord("events", partition, offset, 100, b"key", b"value")
    headers = headers_of(
        DeadLetter(failed, "group", "telemetry", Stage.VALIDATE, code, "fix it", "Rejected", failed_at)
    )
    return ConsumedRecord("events.dlq", partition, offset, 100, b"key", b"value", headers)


def state(*ends: int, begin: int = 0) -> DeadLetterTopicState:
    """Return a topic of partitions with these ends."""
    begins = dict.fromkeys(range(len(ends)), begin)
    return DeadLetterTopicState("id", begins, dict(enumerate(ends)), begins)


def tally_of(*letters: ConsumedRecord) -> Tally:
    """Return a tally that has read letters of partition 0."""
    tally = Tally("id")
    tally.keep(state(len(letters)))
    for each in letters:
        tally.add(each, NOW)
    return tally


def test_letters_count_by_their_code_and_age_by_the_time_of_their_failure() -> None:
    tally = tally_of(letter(0, "a", 700), letter(1, "b", 600), letter(2, "a", 500))
    assert tally.waiting() == {"a": Waiting(2, 500), "b": Waiting(1, 600)}


def test_partitions_add_up() -> None:
    tally = Tally("id")
    tally.keep(state(1, 2))
    for each in (letter(0, failed_at=9), letter(0, partition=1, failed_at=8), letter(1, partition=1, failed_at=7)):
        tally.add(each, NOW)
    assert tally.waiting() == {"field.missing": Waiting(3, 7)}
    tally.replayed(1, 1)
    tally.replayed(7, 0)
    assert tally.unread() == {1: (0, 2)}


def test_a_record_without_our_headers_counts_as_unknown_with_the_time_of_the_record() -> None:
    tally = tally_of(ConsumedRecord("events.dlq", 0, 0, 300, None, None, [("__dlq.errors.code", b"a")]))
    assert tally.waiting() == {UNKNOWN: Waiting(1, 300)}


def test_a_time_that_cannot_be_is_taken_for_now() -> None:
    times = (-1, 0, NOW + 1, -(10**4_000), 10**4_000)
    tally = tally_of(*(letter(offset, failed_at=at) for offset, at in enumerate(times)))
    assert tally.waiting() == {"field.missing": Waiting(len(times), NOW)}


def test_more_codes_than_allowed_and_free_text_count_as_other() -> None:
    codes = [f"code.{number}" for number in range(MAX_CODES + 5)]
    tally = tally_of(*map(letter, range(2), ("please read this", "x" * 65)))
    tally.keep(state(2 + 2 * len(codes)))
    for offset, code in enumerate(codes + codes, 2):
        tally.add(letter(offset, code), NOW)
    waiting = tally.waiting()
    assert len(waiting) == MAX_CODES + 1
    assert waiting["code.0"].letters == 2
    assert waiting[OTHER].letters == 2 + 2 * 5


def test_a_code_of_which_all_letters_are_deleted_makes_room_for_another() -> None:
    tally = tally_of(*(letter(number, f"code.{number}") for number in range(MAX_CODES)))
    tally.keep(state(MAX_CODES + 1, begin=MAX_CODES))
    tally.add(letter(MAX_CODES, "late"), NOW)
    assert tally.waiting() == {"late": Waiting(1, 500)}


def test_the_share_before_an_offset_is_of_the_letters_that_wait() -> None:
    tally = tally_of(*map(letter, range(8)))
    tally.replayed(0, 0)
    tally.replayed(0, 7)
    assert tally.share_before({0: 0}) == 0
    assert tally.share_before({0: 4}) == 0.5
    assert tally.share_before({0: 8}) == 1
    assert Tally().share_before({}) == 0
