"""The vault's client: hvac, with one sentence for each reason why it cannot be used."""

import re
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
from workers.core.one_line import one_line

ANSWER_SECONDS = 5
TOKEN_LIKE = re.compile(r"[\w.+/=-]{20,}")
"""Tokens of the vault, of Kubernetes, and ids of secrets."""


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
        raise Misconfigured(f"{where} {refused} ({_reason(error, settings)})") from None
    except (VaultError, OSError) as error:  # the errors of its HTTP library are OSErrors
        if fault := tls_fault(error, "VAULT_ADDR", "VAULT_CACERT"):
            raise Misconfigured(f"{where} cannot be reached over TLS: {fault}") from error
        message = f"{where} does not answer ({type(error).__name__}): start and unseal it, or fix VAULT_ADDR"
        raise Unreachable(message) from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:  # hvac reads answers without checking them
        raise Unreachable(f"{where} answers, but not as a vault does: set VAULT_ADDR to one") from error


def _reason(error: VaultError, settings: VaultSettings) -> str:
    """Return what the vault says, without what it repeats of a login: the settings' secrets, and other long words."""
    said = "; ".join(map(str, error.errors or [type(error).__name__]))
    for secret in (settings.token.get_secret_value(), settings.secret_id.get_secret_value()):
        said = said.replace(secret, "***") if secret else said
    return one_line(TOKEN_LIKE.sub("***", said))


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
