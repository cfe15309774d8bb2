"""Which watermarks are wrong, and which only lag."""

import pytest

from workers.ops.graph_check.finding import Kind
from workers.ops.graph_check.watermarks import Log, Mark, PartitionMark, counted, findings


class Offsets:
    """A topic whose every offset but those of ``markers`` has a record."""

    def __init__(self, *markers: int) -> None:
        self.markers = markers

    def between(self, begin: dict[int, int], end: dict[int, int]) -> list[int]:
        return [each for each in range(begin[0], end[0]) if each not in self.markers]


def mark(  # noqa: PLR0913, PLR0917 - one parameter for each thing that Kafka or the graph says
    offset: int | None,
    low: int = 0,
    end: int = 10,
    committed: int | None = None,
    topic_id: str = "id",
    markers: tuple[int, ...] = (),
) -> PartitionMark:
    there = None if offset is None else Mark(offset, topic_id)
    bare = PartitionMark("telemetry", "calls", 0, there, Log("id", low, end), committed)
    return counted(bare, Offsets(*markers))  # type: ignore[arg-type]  # it only reads between offsets


@pytest.mark.parametrize(
    ("found", "lag", "gone"),
    [
        pytest.param(mark(9, committed=10), 0, 0, id="the graph has everything"),
        pytest.param(mark(4, committed=5), 5, 0, id="five wait"),
        pytest.param(mark(4, committed=None), 5, 0, id="the group has committed nothing yet"),
        pytest.param(mark(8, committed=10, markers=(9,)), 0, 0, id="the end of a transaction is no record"),
        pytest.param(mark(2, low=6, committed=3), 4, 3, id="three were removed before they were read"),
        pytest.param(mark(9, low=10, committed=10), 0, 0, id="what was read is removed"),
        pytest.param(mark(None), 10, 0, id="the worker has not begun"),
        pytest.param(mark(None, end=0), 0, 0, id="there is nothing yet"),
        pytest.param(mark(-1), 10, 0, id="it has only claimed the partition"),
    ],
)
def test_lag_is_no_finding(found: PartitionMark, lag: int, gone: int) -> None:
    assert list(findings([found])) == []
    assert (found.lag, found.gone) == (lag, gone)


@pytest.mark.parametrize(
    ("found", "what"),
    [
        pytest.param(mark(10), "beyond the topic's end, 10", id="set forward"),
        pytest.param(mark(4, committed=10), "behind what the group has committed, 10", id="set back"),
        pytest.param(mark(None, committed=7), "the graph has none", id="removed"),
        pytest.param(mark(3, topic_id="another"), "another topic of this name", id="the topic was created again"),
        pytest.param(
            PartitionMark("telemetry", "calls", 0, Mark(3, "id"), None), "no such partition", id="no partition"
        ),
    ],
)
def test_a_watermark_that_does_not_fit_is_named_with_its_fix(found: PartitionMark, what: str) -> None:
    (finding,) = findings([found])
    assert (finding.kind, finding.subject) == (Kind.WATERMARK, "telemetry/calls/0")
    assert what in finding.expected
    assert finding.fix
    assert not found.is_comparable


def test_only_a_partition_with_a_fitting_watermark_can_be_compared() -> None:
    assert mark(4, committed=5).is_comparable
    assert not mark(None).is_comparable
