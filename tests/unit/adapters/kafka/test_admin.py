import socket

import pytest
from confluent_kafka import KafkaError, KafkaException

from workers.adapters.kafka.admin import Admin
from workers.config.settings import KafkaSettings
from workers.core.errors import Unreachable


def test_brokers_that_do_not_answer_are_named_with_the_fix() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but not listening: connections are refused
        address = f"127.0.0.1:{nobody.getsockname()[1]}"

        with pytest.raises(Unreachable, match=rf"Kafka at {address} does not answer .*KAFKA_BOOTSTRAP_SERVERS"):
            Admin(KafkaSettings(bootstrap_servers=address), timeout_seconds=0.5).topics()


@pytest.mark.parametrize(
    "code",
    [KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS],
)
def test_a_group_is_asked_about_again_while_its_coordinator_is_being_found(code: int) -> None:
    answers = [KafkaException(KafkaError(code)), KafkaException(KafkaError(code)), "found"]

    def ask() -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert Admin(KafkaSettings(), timeout_seconds=30).asked(ask) == "found"


def test_a_coordinator_that_is_never_found_is_a_server_that_does_not_answer() -> None:
    def ask() -> object:
        raise KafkaException(KafkaError(KafkaError.NOT_COORDINATOR))

    with pytest.raises(Unreachable, match="does not answer"):
        Admin(KafkaSettings(), timeout_seconds=0).asked(ask)
