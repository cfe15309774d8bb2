"""Passwords of Kafka's users."""

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it exports them, but not in the type checker's way
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from workers.adapters.kafka.admin import Admin

ITERATIONS = 4_096


def set_scram_password(admin: Admin, user: str, password: str) -> None:
    """Set the password of a user for SCRAM-SHA-512, who is created by it. Raises ``Misconfigured``, ``Unreachable``."""
    mechanism = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    change = UserScramCredentialUpsertion(user, mechanism, password.encode())
    admin.results(admin.client.alter_user_scram_credentials([change], request_timeout=admin.timeout_seconds))
