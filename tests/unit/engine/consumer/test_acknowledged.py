from workers.core.record import TopicPartition
from workers.engine.consumer.acknowledged import Acknowledged

TP = TopicPartition("telemetry", 3)


def test_the_next_offset_to_read_is_committed() -> None:
    acknowledged = Acknowledged()
    acknowledged.acknowledge(TP, through=41)
    assert acknowledged.next_offsets() == {TP: 42}


def test_an_acknowledgement_never_goes_back() -> None:
    acknowledged = Acknowledged()
    acknowledged.acknowledge(TP, through=41)
    acknowledged.acknowledge(TP, through=7)
    assert acknowledged.next_offsets() == {TP: 42}


def test_what_was_revoked_is_not_committed() -> None:
    acknowledged = Acknowledged()
    acknowledged.acknowledge(TP, through=41)
    acknowledged.forget()
    assert acknowledged.next_offsets() == {}
