import pytest

from workers.ops.audit.checkpoint_log import Log, Published
from workers.ops.audit.finding import Chain, Finding, Kind, Result
from workers.ops.audit.verify_chain import comes_again
from workers.pipelines.audit.checkpoints.checkpoint import Checkpoint

CHAIN = Chain("audit-events", 0, "1")
LOG = Log([Published(Checkpoint(*CHAIN, 1, 50, "00", "", [], "2026-11-30T00:00:00.000Z"))])


def result(lag: int, kind: Kind = Kind.TAIL_CUT) -> Result:
    return Result(CHAIN, head=40, lag=lag, findings=[Finding(kind, "")])


@pytest.mark.parametrize(
    ("found", "counted", "again"),
    [
        (result(10), 40, True),  # a restored backup: ten records are read again
        (result(9), 40, False),  # the topic has not so many
        (result(10), 50, False),  # the worker has written them, and they are gone
        (result(10, Kind.CHANGED), 40, False),
        (Result(CHAIN, head=40, lag=10), 40, False),
    ],
)
def test_what_waits_in_the_topic_is_lag_and_no_cut_tail(found: Result, counted: int, *, again: bool) -> None:
    assert comes_again(found, counted, LOG) == again
