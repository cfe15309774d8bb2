"""The certificates that the settings name: how many days each of them is still valid."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from workers.config.settings import Settings
from workers.ops.doctor.finding import Finding, ok, problem

WARN_BEFORE = timedelta(days=14)


def check_certificates(settings: Settings, now: datetime | None = None) -> Iterator[Finding]:
    """Check each file of certificates: it is as good as the first one in it that ends."""
    for variable, file in _files(settings):
        if file is not None:
            yield judge_certificates(f"certificate {variable}", file, now or datetime.now(UTC))


def judge_certificates(check: str, file: Path, now: datetime) -> Finding:
    """Word how long a file of certificates can be used."""
    try:
        end = min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(file.read_bytes()))
    except (OSError, ValueError):
        return problem(check, f"{file} has no certificate that can be read; name a PEM file")
    days = (end - now).days
    if end <= now:
        return problem(check, f"{file} has expired on {end:%Y-%m-%d}; renew it")
    if end - now < WARN_BEFORE:
        return problem(check, f"{file} expires in {days} days, on {end:%Y-%m-%d}; renew it")
    return ok(check, f"{file} is valid for {days} days, until {end:%Y-%m-%d}")


def _files(settings: Settings) -> tuple[tuple[str, Path | None], ...]:
    return (
        ("KAFKA_SSL_CAFILE", settings.kafka.ssl_cafile),
        ("KAFKA_SSL_CERTFILE", settings.kafka.ssl_certfile),
        ("SCHEMA_REGISTRY_CAFILE", settings.schema_registry.cafile),
        ("KAFKA_CONNECT_CAFILE", settings.kafka_connect.cafile),
        ("REGISTRY_DATABASE_CAFILE", settings.registry_database.cafile),
        ("NEO4J_CAFILE", settings.neo4j.cafile),
        ("REGISTRY_API_CAFILE", settings.registry_api.cafile),
        ("VAULT_CACERT", settings.vault.cacert),
    )
