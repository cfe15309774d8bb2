"""Passwords that change on disk reach every Kafka client of librdkafka; the real broker is in the end-to-end tests."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from workers.adapters.kafka import admin as admin_module
from workers.adapters.kafka import producer as producer_module
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.producer import KafkaProducer
from workers.config.settings import KafkaSettings, SaslMechanism, SecurityProtocol


class Client:
    """Stands for a client of librdkafka; notes the password that it was made with."""

    made: list[str]
    waiting = 0

    def __init__(self, config: dict[str, Any]) -> None:
        self.made.append(config["sasl.password"])

    def __len__(self) -> int:
        return self.waiting


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    passwords: list[str] = []
    monkeypatch.setattr(Client, "made", passwords, raising=False)
    monkeypatch.setattr(admin_module, "AdminClient", Client)
    monkeypatch.setattr(producer_module, "Producer", Client)
    return passwords


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    (tmp_path / "password").write_text("first")
    monkeypatch.setenv("KAFKA_PASSWORD_FILE", str(tmp_path / "password"))
    return tmp_path / "password"


KAFKA = KafkaSettings(
    security_protocol=SecurityProtocol.SASL_PLAINTEXT,
    sasl_mechanism=SaslMechanism.SCRAM_SHA_512,
    username="ada",
    password=SecretStr("first"),
)


def test_an_admin_asks_with_the_password_that_holds_now_and_keeps_its_client_otherwise(
    made: list[str], file: Path
) -> None:
    admin = Admin(KAFKA)
    assert admin.client is admin.client

    file.write_text("second")

    assert admin.client is admin.client
    assert made == ["first", "second"]


def test_a_producer_takes_a_new_password_over_once_nothing_is_on_its_way(
    made: list[str], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = KafkaProducer({}, KAFKA)
    file.write_text("second")
    monkeypatch.setattr(Client, "waiting", 1)
    producer.follow()
    assert made == ["first"]

    monkeypatch.setattr(Client, "waiting", 0)
    producer.follow()
    producer.follow()

    assert made == ["first", "second"]
