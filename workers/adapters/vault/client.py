"""The vault's client: hvac, with one sentence for each reason why it cannot be used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hvac  # type: ignore[import-untyped]  # it ships no types
import requests
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, VaultError  # type: ignore[import-untyped]  # same reason as above
from requests.adapters import HTTPAdapter

from workers.config.settings import VaultSettings
from workers.config.tls.context import ClientContext, PemFile
from workers.config.tls.faults import tls_fault
from workers.core.errors import Misconfigured, Unreachable

ANSWER_SECONDS = 5


def open_client(settings: VaultSettings) -> hvac.Client:
    """Return a client without a token."""
    return hvac.Client(settings.addr, token="", timeout=ANSWER_SECONDS, session=_session(settings))


@contextmanager
def explained(settings: VaultSettings, refused: str) -> Iterator[None]:
    """Raise ``Unreachable``, or ``Misconfigured`` where the vault answers and refuses: ``refused`` says what to do."""
    where = f"the vault at {settings.addr}"
    try:
        yield
    except (Forbidden, InvalidPath, InvalidRequest) as error:
        raise Misconfigured(f"{where} {refused} ({_one_line(error)})") from None
    except (VaultError, OSError) as error:  # the errors of its HTTP library are OSErrors
        if fault := tls_fault(error, "VAULT_ADDR", "VAULT_CACERT"):
            raise Misconfigured(f"{where} cannot be reached over TLS: {fault}") from error
        message = f"{where} does not answer ({type(error).__name__}): start and unseal it, or fix VAULT_ADDR"
        raise Unreachable(message) from error


def _one_line(error: VaultError) -> str:
    return " ".join("; ".join(error.errors or [type(error).__name__]).split())


class TlsAdapter(HTTPAdapter):
    """Connects with a context of ours."""

    def __init__(self, context: ClientContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        super().init_poolmanager(*args, **keywords, ssl_context=self._context)


def _session(settings: VaultSettings) -> requests.Session:
    session = requests.Session()
    if (settings.addr or "").startswith("https:"):
        authority = PemFile("VAULT_CACERT", settings.cacert) if settings.cacert else None
        session.mount("https://", TlsAdapter(ClientContext(settings.tls_min_version, authority)))
    return session
