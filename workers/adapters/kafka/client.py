"""librdkafka's configuration of one client, from the settings."""

from typing import Any

from workers.config.settings import KafkaSettings


def librdkafka_config(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the properties that every confluent-kafka client shares: address, security, name.

    Contains the password in clear, as librdkafka wants it: never log it. Names are librdkafka's own,
    https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md
    """
    config: dict[str, Any] = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": str(kafka.security_protocol),
        "client.id": "memory-graph",
    }
    if kafka.ssl_cafile is not None:
        config["ssl.ca.location"] = str(kafka.ssl_cafile)
    if kafka.uses_sasl:
        config["sasl.mechanism"] = str(kafka.sasl_mechanism)
        config["sasl.username"] = kafka.username
        config["sasl.password"] = kafka.password.get_secret_value()
    return config
