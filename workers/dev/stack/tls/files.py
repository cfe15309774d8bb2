"""The certificates of a secure stack: one authority, and a certificate for each server and each user."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from workers.core.errors import Misconfigured
from workers.dev.stack.tls.certificates import Certificate, replace_file

AUTHORITY_DAYS = 3_650
RENEW_BEFORE = timedelta(days=7)
SUITES = "TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256"


@dataclass(frozen=True, slots=True)
class PemFiles:
    """A certificate, its key, and a file with both, key first."""

    certificate: Path
    key: Path
    both: Path


@dataclass(frozen=True, slots=True)
class StackTls:
    """The certificates in the folder ``tls`` of the stack's ``folder``, and the users of Kafka in ``users``."""

    folder: Path

    @property
    def authority(self) -> Path:
        """Return the PEM file of the authority that clients must trust."""
        return self.folder / "tls" / "ca.pem"

    def prepare(self) -> None:
        """Make the authority if there is none."""
        if not self.authority.exists():
            Certificate.authority("memory-graph stack", AUTHORITY_DAYS).write(self.authority, self._authority_key)

    def of_server(self, name: str) -> PemFiles:
        """Return the certificate of a server, made now if there is none or it ends soon. Its name is its CN."""
        return self._of(name, self.folder / "tls" / name)

    def key_store_of(self, name: str, password: str) -> bytes:
        """Return the certificate of a server, made as above, in PKCS #12."""
        files = self.of_server(name)
        return _read(files.certificate, files.key).key_store(password)

    def of_user(self, name: str) -> PemFiles:
        """Return the certificate of a user of Kafka, made as a server's."""
        return self._of(name, self.user_folder(name))

    def user_folder(self, name: str) -> Path:
        """Return the folder with what a user logs in with: ``password``, ``tls.crt``, ``tls.key``."""
        return self.folder / "users" / name

    def signer(self) -> Certificate:
        """Return the authority with its key."""
        return _read(self.authority, self._authority_key)

    @property
    def _authority_key(self) -> Path:
        return self.authority.with_suffix(".key")

    def _of(self, name: str, folder: Path) -> PemFiles:
        files = PemFiles(folder / "tls.crt", folder / "tls.key", folder / "tls.pem")
        if not _usable(files.certificate):
            made = self.signer().sign(name)
            made.write(files.certificate, files.key)
            replace_file(files.both, made.key_pem + made.certificate_pem)
        return files


def as_user(environment: Mapping[str, str], tls: StackTls, user: str) -> dict[str, str]:
    """Return the settings with another user of Kafka, whose password comes from a file. Raises Misconfigured."""
    password = tls.user_folder(user) / "password"
    if not password.exists():
        raise Misconfigured(f"the stack has no user {user}: only a stack that was started with --secure has users.")
    without = {key: value for key, value in environment.items() if key != "KAFKA_PASSWORD"}
    return {**without, "KAFKA_USERNAME": user, "KAFKA_PASSWORD_FILE": str(password)}


def with_certificate(environment: Mapping[str, str], files: PemFiles) -> dict[str, str]:
    """Return the settings with a certificate instead of a login, for the listener that asks for one."""
    without = {
        key: value
        for key, value in environment.items()
        if key not in {"KAFKA_USERNAME", "KAFKA_PASSWORD", "KAFKA_PASSWORD_FILE", "KAFKA_SASL_MECHANISM"}
    }
    return {
        **without,
        "KAFKA_BOOTSTRAP_SERVERS": environment["KAFKA_MTLS_BOOTSTRAP_SERVERS"],
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CERTFILE": str(files.certificate),
        "KAFKA_SSL_KEYFILE": str(files.key),
    }


def _read(certificate: Path, key_file: Path) -> Certificate:
    key = load_pem_private_key(key_file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Misconfigured(f"{key_file} is no key that a stack has made: reset the stack.")
    return Certificate(x509.load_pem_x509_certificate(certificate.read_bytes()), key)


def _usable(certificate: Path) -> bool:
    if not certificate.exists():
        return False
    return (
        x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc > datetime.now(UTC) + RENEW_BEFORE
    )
