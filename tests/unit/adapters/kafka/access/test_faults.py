import pytest
from confluent_kafka import KafkaError
from pydantic import SecretStr

from workers.adapters.kafka.access.faults import turned_away
from workers.config.settings import KafkaSettings, SecurityProtocol

KAFKA = KafkaSettings(
    bootstrap_servers="kafka:9093",
    security_protocol=SecurityProtocol.SASL_SSL,
    username="ada",
    password=SecretStr("hush"),
)


@pytest.mark.parametrize(
    ("code", "said", "sentence"),
    [
        (
            KafkaError._AUTHENTICATION,  # noqa: SLF001 - librdkafka's local error codes are spelled this way
            "SASL authentication error: Authentication failed (after 90ms in state AUTH_REQ)",
            (
                "Kafka at kafka:9093 does not accept user 'ada' with this password (SASL authentication error: "
                "Authentication failed): set KAFKA_USERNAME, KAFKA_PASSWORD (or KAFKA_PASSWORD_FILE) and "
                "KAFKA_SASL_MECHANISM"
            ),
        ),
        (
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            "Broker: Topic authorization failed",
            (
                "Kafka at kafka:9093 does not let user 'ada' do WRITE to topic events.dlq (Broker: Topic authorization "
                "failed): allow it with `memory-graph topology acls --execute`"
            ),
        ),
        (
            KafkaError._SSL,  # noqa: SLF001 - same reason as above
            "SSL handshake failed: certificate verify failed: certificate has expired",
            "Kafka at kafka:9093 cannot be reached over TLS: its certificate has expired; renew it",
        ),
    ],
)
def test_a_refusal_is_one_sentence_with_server_cause_and_fix(code: int, said: str, sentence: str) -> None:
    refused = turned_away(KAFKA, [KafkaError(code, said)], "WRITE to topic events.dlq")

    assert refused == sentence
    assert "hush" not in sentence


def test_a_broker_that_is_away_has_not_turned_anybody_away() -> None:
    away = KafkaError(KafkaError._TRANSPORT, "Connect to ipv4#127.0.0.1:1 failed: Connection refused")  # noqa: SLF001 - same reason as above

    assert turned_away(KAFKA, [away]) is None
