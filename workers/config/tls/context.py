"""TLS of every client: the lowest version, and a context that follows certificates which change on disk."""

import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Self

from workers.core.errors import Misconfigured


class TlsVersion(StrEnum):
    """The lowest version of TLS that a client accepts."""

    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


VERSIONS = {TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2, TlsVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3}
SUITES_OF_1_2 = ":".join(
    f"ECDHE-{signature}-{cipher}"
    for cipher in ("AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for signature in ("ECDSA", "RSA")
)
"""For TLS 1.2, the ciphers of TLS 1.3's strong suites. Before 3.15 Python cannot choose those of TLS 1.3."""

Stamp = tuple[tuple[int, int, int] | None, ...]
"""What changes when a file is written again, or when a link leads to another one."""


class PemFile(NamedTuple):
    """A file and the variable that names it."""

    variable: str
    path: Path


class ClientCertificate(NamedTuple):
    """What a client shows about itself. ``password`` returns the password of the key, empty for none."""

    certificate: PemFile
    key: PemFile
    password: Callable[[], str] = str


class ClientContext(ssl.SSLContext):
    """The context of one client. Before each connection it reads files again that have changed.

    Connections that are open keep what they began with. An authority that was replaced stays trusted until the process
    ends. While new files cannot be used, such as a certificate whose key is not written yet, the old ones serve on.
    Raises ``Misconfigured`` at creation, with variable, file and fix.
    """

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(
        self, minimum: TlsVersion, authority: PemFile | None = None, shown: ClientCertificate | None = None
    ) -> None:
        self.minimum_version = VERSIONS[minimum]
        self.set_ciphers(SUITES_OF_1_2)
        self._authority = authority
        self._shown = shown
        if authority is None:
            self.load_default_certs()
        self._stamp = self._load()

    def wrap_bio(self, *args: object, **keywords: object) -> ssl.SSLObject:
        self._follow()
        return super().wrap_bio(*args, **keywords)  # type: ignore[arg-type]  # passed on as they are

    def wrap_socket(self, *args: object, **keywords: object) -> ssl.SSLSocket:
        self._follow()
        return super().wrap_socket(*args, **keywords)  # type: ignore[arg-type]  # passed on as they are

    def _follow(self) -> None:
        if stamp_of(self._paths()) != self._stamp:
            with suppress(Misconfigured):
                self._stamp = self._load()

    def _paths(self) -> list[Path]:
        shown = (self._shown.certificate, self._shown.key) if self._shown else ()
        return [file.path for file in (self._authority, *shown) if file is not None]

    def _load(self) -> Stamp:
        stamp = stamp_of(self._paths())
        if self._authority is not None:
            _load_authority(self, self._authority)
        if self._shown is not None:
            _load_certificate(self, self._shown)
        return stamp


def stamp_of(paths: Iterable[Path]) -> Stamp:
    """Return what tells these files from changed ones; ``None`` for a file that is not there."""
    return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _load_authority(context: ssl.SSLContext, authority: PemFile) -> None:
    try:
        context.load_verify_locations(authority.path)
    except OSError as error:  # SSLError is one
        variable, path = authority
        raise Misconfigured(
            f"{variable}={path} has no certificate that can be read ({_reason(error)}); name a PEM file with the "
            "certificate of the authority"
        ) from None


def _load_certificate(context: ssl.SSLContext, shown: ClientCertificate) -> None:
    certificate, key = shown.certificate, shown.key
    try:
        # Without a password OpenSSL would ask for it on the terminal.
        context.load_cert_chain(certificate.path, key.path, password=shown.password)
    except (OSError, ValueError) as error:
        raise Misconfigured(
            f"{certificate.variable}={certificate.path} and {key.variable}={key.path} cannot be used "
            f"({_reason(error)}); name PEM files of a certificate and its own key, and the key's password if any"
        ) from None


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no PEM").replace("_", " ").lower()
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
