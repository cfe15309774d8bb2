"""The choice of traces: a share of them, in slices."""

from itertools import pairwise

import pytest

from workers.ops.graph_check.sample import DEFAULT_RECORDS, SLICE_RECORDS, Slice, default_share

KEYS = [f"trace-{number}".encode() for number in range(20_000)]


@pytest.mark.parametrize("share", [0.01, 0.3, 1.0])
def test_it_chooses_its_share_and_always_the_same(share: float) -> None:
    chosen = [key for key in KEYS if Slice(0.0, share, 0).has(key)]
    assert len(chosen) == pytest.approx(share * len(KEYS), rel=0.15)
    assert chosen == [key for key in KEYS if Slice(0.0, share, 0).has(key)]


def test_another_seed_chooses_others() -> None:
    one, other = ({key for key in KEYS if Slice(0.0, 0.1, seed).has(key)} for seed in (0, -1))
    assert len(one & other) < len(one) / 4


@pytest.mark.parametrize("records", [0, 1, SLICE_RECORDS, 10 * SLICE_RECORDS + 1])
def test_the_slices_of_a_partition_have_each_key_once_and_few_enough_records(records: int) -> None:
    whole = Slice(0.0, 0.5, 7)
    parts = list(whole.parts(records))
    assert (parts[0].begin, parts[-1].end) == (whole.begin, whole.end)
    assert all(one.end == other.begin for one, other in pairwise(parts))
    assert all(sum(part.has(key) for part in parts) == whole.has(key) for key in KEYS[:500])
    assert all((part.end - part.begin) * records <= SLICE_RECORDS * 1.001 for part in parts)


def test_by_default_a_small_topic_is_compared_as_a_whole() -> None:
    assert default_share(0) == default_share(DEFAULT_RECORDS) == 1.0
    assert default_share(100 * DEFAULT_RECORDS) == 0.01
