"""The configuration of one Kafka client, from the settings, with the secrets and certificates as they are now."""

import logging
from pathlib import Path
from typing import Any

from workers.config.environment import current_secret
from workers.config.settings import KafkaSettings
from workers.config.tls.context import (
    SUITES_OF_1_2,
    ClientCertificate,
    ClientContext,
    PemFile,
    Stamp,
    TlsVersion,
    stamp_of,
)

LOGGER = logging.getLogger("librdkafka")
"""Takes the lines that librdkafka would print to standard error itself, in a form that no log pipeline reads."""
NO_SUITE_OF_1_2 = "PSK-AES256-GCM-SHA384"
"""librdkafka has no lowest version of TLS. With only a suite for keys that nobody has shared, no handshake of TLS 1.2
succeeds, and the suites of TLS 1.3 are chosen elsewhere."""


def librdkafka_config(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the properties that every confluent-kafka client shares: address, security, name, logger.

    Contains the password in clear, as librdkafka wants it: never log it. Names are librdkafka's own,
    https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md
    Raises ``Misconfigured`` for files that cannot be used.
    """
    config: dict[str, Any] = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": str(kafka.security_protocol),
        "client.id": "memory-graph",
        "logger": LOGGER,
    }
    if kafka.uses_tls:
        config |= _tls(kafka)
    if kafka.uses_sasl:
        config["sasl.mechanism"] = str(kafka.sasl_mechanism)
        config["sasl.username"] = kafka.username
        config["sasl.password"] = current_password(kafka)
    return config


def kafka_context(kafka: KafkaSettings) -> ClientContext:
    """Return the TLS context of Python's Kafka client. Raises ``Misconfigured`` for files that cannot be used."""
    authority = PemFile("KAFKA_SSL_CAFILE", kafka.ssl_cafile) if kafka.ssl_cafile else None
    return ClientContext(kafka.tls_min_version, authority, _shown(kafka))


def current_password(kafka: KafkaSettings) -> str:
    """Return the password for SASL, as its file has it now."""
    return current_secret("KAFKA_PASSWORD", kafka.password)


def identity_of(kafka: KafkaSettings) -> tuple[str, Stamp]:
    """Return what changes when a password or a file is rotated. Contains the password: never log it."""
    files = (kafka.ssl_cafile, kafka.ssl_certfile, kafka.ssl_keyfile)
    return current_password(kafka), stamp_of(file for file in files if file is not None)


def _tls(kafka: KafkaSettings) -> dict[str, Any]:
    if kafka.ssl_cafile or kafka.ssl_certfile:
        kafka_context(kafka)  # names the file that librdkafka would not
    old = kafka.tls_min_version is TlsVersion.TLS_1_2
    config: dict[str, Any] = {"ssl.cipher.suites": SUITES_OF_1_2 if old else NO_SUITE_OF_1_2}
    files: dict[str, Path | None] = {
        "ssl.ca.location": kafka.ssl_cafile,
        "ssl.certificate.location": kafka.ssl_certfile,
        "ssl.key.location": kafka.ssl_keyfile,
    }
    config |= {name: str(file) for name, file in files.items() if file is not None}
    if password := _key_password(kafka):
        config["ssl.key.password"] = password
    return config


def _shown(kafka: KafkaSettings) -> ClientCertificate | None:
    if kafka.ssl_certfile is None or kafka.ssl_keyfile is None:
        return None
    certificate = PemFile("KAFKA_SSL_CERTFILE", kafka.ssl_certfile)
    return ClientCertificate(certificate, PemFile("KAFKA_SSL_KEYFILE", kafka.ssl_keyfile), lambda: _key_password(kafka))


def _key_password(kafka: KafkaSettings) -> str:
    return current_secret("KAFKA_SSL_KEY_PASSWORD", kafka.ssl_key_password)
