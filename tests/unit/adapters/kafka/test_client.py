import logging
import time
from pathlib import Path
from socket import socket

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from workers.adapters.kafka.client import identity_of, librdkafka_config
from workers.config.settings import KafkaSettings, SaslMechanism, SecurityProtocol
from workers.core.errors import Misconfigured
from workers.dev.stack.tls.certificates import Certificate


def test_a_plain_client_needs_an_address_only() -> None:
    assert librdkafka_config(KafkaSettings(bootstrap_servers="kafka:9092")) == {
        "bootstrap.servers": "kafka:9092",
        "security.protocol": "PLAINTEXT",
        "client.id": "memory-graph",
        "logger": logging.getLogger("librdkafka"),
    }


def test_what_librdkafka_says_is_logged_and_not_printed(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*nobody_listens.getsockname())
        producer = Producer(librdkafka_config(KafkaSettings(bootstrap_servers=address)))
        deadline = time.monotonic() + 10
        while not caplog.records and time.monotonic() < deadline:
            producer.poll(0.1)

    assert {(record.name, record.levelname) for record in caplog.records} == {("librdkafka", "ERROR")}
    assert address in caplog.text
    assert capfd.readouterr() == ("", "")


def test_a_client_that_logs_in_has_the_properties_librdkafka_takes(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text(Certificate.authority("brokers").certificate_pem)
    kafka = KafkaSettings(
        security_protocol=SecurityProtocol.SASL_SSL,
        sasl_mechanism=SaslMechanism.SCRAM_SHA_256,
        username="worker",
        password=SecretStr("secret"),
        ssl_cafile=authority,
    )

    config = librdkafka_config(kafka)

    assert config["security.protocol"] == "SASL_SSL"
    assert config["ssl.ca.location"] == str(authority)
    assert config["sasl.mechanism"] == "SCRAM-SHA-256"
    assert (config["sasl.username"], config["sasl.password"]) == ("worker", "secret")


def test_librdkafka_knows_every_property() -> None:
    kafka = KafkaSettings(
        security_protocol=SecurityProtocol.SASL_PLAINTEXT, username="worker", password=SecretStr("secret")
    )

    AdminClient({**librdkafka_config(kafka), "log_level": 0})


def mutual(folder: Path, certificate: Certificate) -> KafkaSettings:
    certificate.write(folder / "tls.crt", folder / "tls.key")
    return KafkaSettings(
        security_protocol=SecurityProtocol.SSL,
        ssl_certfile=folder / "tls.crt",
        ssl_keyfile=folder / "tls.key",
    )


def test_librdkafka_takes_a_certificate_of_the_client(tmp_path: Path) -> None:
    config = librdkafka_config(mutual(tmp_path, Certificate.authority("a").sign("worker")))

    AdminClient({**config, "log_level": 0})
    assert config["ssl.certificate.location"] == str(tmp_path / "tls.crt")
    assert config["ssl.key.location"] == str(tmp_path / "tls.key")


def test_the_key_of_another_certificate_is_named(tmp_path: Path) -> None:
    authority = Certificate.authority("a")
    kafka = mutual(tmp_path, authority.sign("worker"))
    (tmp_path / "tls.key").write_text(authority.sign("another").key_pem)

    with pytest.raises(Misconfigured, match=r"KAFKA_SSL_CERTFILE=.* and KAFKA_SSL_KEYFILE=.* \(key values mismatch\)"):
        librdkafka_config(kafka)


def test_a_rotated_password_or_certificate_changes_the_identity_and_the_next_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Certificate.authority("a")
    kafka = mutual(tmp_path, authority.sign("worker"))
    (tmp_path / "password").write_text("first")
    monkeypatch.setenv("KAFKA_PASSWORD_FILE", str(tmp_path / "password"))
    seen = [identity_of(kafka)]

    authority.sign("worker").write(tmp_path / "tls.crt", tmp_path / "tls.key")
    seen.append(identity_of(kafka))
    (tmp_path / "password").write_text("second")
    seen.append(identity_of(kafka))

    assert len(set(seen)) == 3
    login = {"security_protocol": SecurityProtocol.SASL_PLAINTEXT, "username": "worker", "password": SecretStr("first")}
    assert librdkafka_config(KafkaSettings.model_validate(login))["sasl.password"] == "second"
