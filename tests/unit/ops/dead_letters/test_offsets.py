from hypothesis import given
from hypothesis import strategies as st

from workers.ops.dead_letters.offsets import Offsets

PLACES = st.tuples(st.integers(0, 2), st.integers(0, 40))
BEGINS = {0: 3, 1: 0, 2: 17}


@given(st.sets(PLACES, max_size=12))
def test_it_has_what_was_added_and_is_still_in_the_topic(added: set[tuple[int, int]]) -> None:
    offsets = Offsets(BEGINS)
    for place in added:
        offsets.add(place)
    kept = {(partition, offset) for partition, offset in added if offset >= BEGINS[partition]}
    assert {
        (partition, offset) for partition in range(4) for offset in range(60) if (partition, offset) in offsets
    } == kept
    assert bool(offsets) == bool(kept)
    assert offsets.spans.keys() == {partition for partition, _ in kept}
    for partition, offset in kept:
        first, end = offsets.spans[partition]
        assert first <= offset < end
        assert (
            end - first
            < max(each for number, each in kept if number == partition)
            - min(each for number, each in kept if number == partition)
            + 16
        )
