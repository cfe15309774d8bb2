"""Certificates for servers and clients of this machine: an authority of its own, and what it signs. All PEM."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAYS = 90
CLOCK_SKEW = timedelta(minutes=5)
THIS_MACHINE: tuple[x509.GeneralName, ...] = (x509.IPAddress(IPv4Address("127.0.0.1")),)
PURPOSES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """Return the private key in PKCS #8, without a password."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def key_store(self, password: str) -> bytes:
        """Return both in PKCS #12, for programs of Java that read no PEM."""
        return serialize_key_and_certificates(
            None, self.key, self.certificate, None, BestAvailableEncryption(password.encode())
        )

    def write(self, certificate: Path, key: Path) -> None:
        """Write both files; only their owner may read the key. Readers see the old files or the new ones."""
        replace_file(certificate, self.certificate_pem)
        replace_file(key, self.key_pem)

    @classmethod
    def authority(cls, name: str, days: float = DAYS) -> Self:
        """Make an authority that signs itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(name)
        builder = _builder(subject, subject, key, days).add_extension(x509.BasicConstraints(True, None), critical=True)  # noqa: FBT003 - x509's signature
        return cls(builder.sign(key, SHA256()), key)

    def sign(self, name: str, names: tuple[x509.GeneralName, ...] = THIS_MACHINE, days: float = DAYS) -> "Certificate":
        """Make a certificate for a server or a client; ``days`` may be negative, for one that has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(_subject(name), self.certificate.subject, key, days)
            .add_extension(x509.BasicConstraints(False, None), critical=True)  # noqa: FBT003 - same reason as above
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(PURPOSES, critical=False)
        )
        return Certificate(builder.sign(self.key, SHA256()), key)


def replace_file(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner may read, in one step for readers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.touch(mode=OWNER_ONLY)
    fresh.write_bytes(content.encode() if isinstance(content, str) else content)
    fresh.replace(path)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: float
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    end = now + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, end) - CLOCK_SKEW)
        .not_valid_after(end)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
