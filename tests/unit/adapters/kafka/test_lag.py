import pytest

from workers.adapters.kafka.lag import PartitionLag, lag_of


@pytest.mark.parametrize(
    ("first", "end", "committed", "lag"),
    [
        (0, 10, 4, 6),
        (0, 10, 10, 0),
        (0, 10, None, 10),
        (3, 10, None, 7),
        (6, 10, 4, 4),
        (0, 0, None, 0),
        (0, 5, 9, 0),
    ],
    ids=[
        "behind",
        "caught up",
        "nothing committed",
        "nothing committed and the start retired",
        "committed before what is left",
        "empty",
        "recreated topic",
    ],
)
def test_lag_is_what_is_left_to_read(first: int, end: int, committed: int | None, lag: int) -> None:
    assert lag_of(first, end, committed) == PartitionLag(end, committed, lag)
