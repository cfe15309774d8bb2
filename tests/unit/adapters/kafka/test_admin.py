import socket

import pytest

from workers.adapters.kafka.admin import Admin
from workers.config.settings import KafkaSettings
from workers.core.errors import Unreachable


def test_brokers_that_do_not_answer_are_named_with_the_fix() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but not listening: connections are refused
        address = f"127.0.0.1:{nobody.getsockname()[1]}"

        with pytest.raises(Unreachable, match=rf"Kafka at {address} does not answer .*KAFKA_BOOTSTRAP_SERVERS"):
            Admin(KafkaSettings(bootstrap_servers=address), timeout_seconds=0.5).topics()
