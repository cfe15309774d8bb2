from hypothesis import given
from hypothesis import strategies as st

from workers.config.settings import KafkaSettings
from workers.ops.dead_letters.offsets import Offsets
from workers.ops.dead_letters.parallel import Part
from workers.ops.dead_letters.selection import Selection

RANGES = st.dictionaries(st.integers(0, 3), st.tuples(st.integers(0, 9), st.integers(0, 9)))


@given(RANGES)
def test_each_offset_is_in_one_of_two_halves_of_one_size(ranges: dict[int, tuple[int, int]]) -> None:
    begins = {number: begin for number, (begin, _) in ranges.items()}
    ends = {number: end for number, (_, end) in ranges.items()}
    part = Part(KafkaSettings(), "events.dlq", Selection(), Offsets({}), begins, ends)
    first, second = part.halves
    assert offsets(first) | offsets(second) == offsets(part)
    assert not offsets(first) & offsets(second)
    assert first.letters + second.letters == part.letters == len(offsets(part))
    assert second.letters - first.letters in {0, 1}


def offsets(part: Part) -> set[tuple[int, int]]:
    return {(number, offset) for number, end in part.ends.items() for offset in range(part.begins[number], end)}
