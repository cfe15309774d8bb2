"""What may be sent, and what not."""

from typing import cast

import pytest

from workers.core.record import ConsumedRecord
from workers.ops.dead_letters.journal import Journal
from workers.ops.dead_letters.letter import Letter, letter_of
from workers.ops.dead_letters.replaying.verdict import Rules, Verdict, verdict


class NothingReplayed:
    def __contains__(self, letter: Letter) -> bool:
        return False

    def has_copy_of(self, letter: Letter) -> bool:
        return False


NEW = cast("Journal", NothingReplayed())
RULES = Rules({"orders": 3})


def share_group_letter(partition: int = 2, *, topic: str = "orders", value: bytes | None = b"value") -> Letter:
    texts = {"topic": topic, "partition": str(partition), "offset": "41", "group": "g"}
    headers = [(f"__dlq.errors.{name}", text.encode()) for name, text in texts.items()]
    return letter_of(ConsumedRecord("dlq.orders", 0, 7, 1, None, value, headers))


@pytest.mark.parametrize(
    ("letter", "rules", "expected"),
    [
        (share_group_letter(), RULES, Verdict.SEND),
        (share_group_letter(3), RULES, Verdict.NO_PARTITION),
        (share_group_letter(-1), RULES, Verdict.NO_PARTITION),
        (share_group_letter(3), Rules({"orders": 3}, target="trial"), Verdict.SEND),
        (share_group_letter(topic="others"), RULES, Verdict.OTHER_TOPIC),
        (share_group_letter(value=None), RULES, Verdict.NO_RECORD),
        (letter_of(ConsumedRecord("orders.dlq", 0, 7, 1, b"k", b"v")), RULES, Verdict.NO_ORIGIN),
    ],
)
def test_a_verdict(letter: Letter, rules: Rules, expected: Verdict) -> None:
    assert verdict(letter, NEW, rules) is expected
