from pathlib import Path

from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from workers.adapters.kafka.client import librdkafka_config
from workers.config.settings import KafkaSettings, SaslMechanism, SecurityProtocol


def test_a_plain_client_needs_an_address_only() -> None:
    assert librdkafka_config(KafkaSettings(bootstrap_servers="kafka:9092")) == {
        "bootstrap.servers": "kafka:9092",
        "security.protocol": "PLAINTEXT",
        "client.id": "memory-graph",
    }


def test_a_client_that_logs_in_has_the_properties_librdkafka_takes(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
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
