"""The vault's client: hvac, with one sentence for each reason why it cannot be used."""

from typing import Any

import hvac  # type: ignore[import-untyped]  # it ships no types
import requests
from hvac.exceptions import Forbidden, VaultError  # type: ignore[import-untyped]  # same reason as above
from requests.adapters import HTTPAdapter

from workers.config.environment import current_secret
from workers.config.settings import VaultSettings
from workers.config.tls.context import ClientContext, PemFile
from workers.config.tls.faults import tls_fault
from workers.core.errors import Misconfigured, Unreachable

ANSWER_SECONDS = 5


def check_token(settings: VaultSettings) -> str:
    """Look up the token; return its policies. Blocks. Raises ``Misconfigured`` for a refused token, ``Unreachable``."""
    where = f"the vault at {settings.addr}"
    token = current_secret("VAULT_TOKEN", settings.token)
    client = hvac.Client(settings.addr, token=token, timeout=ANSWER_SECONDS, session=_session(settings))
    try:
        found = client.auth.token.lookup_self()
    except Forbidden:
        message = f"{where} does not accept the token: set VAULT_TOKEN, or VAULT_TOKEN_FILE, to a valid one"
        raise Misconfigured(message) from None
    except (VaultError, OSError) as error:  # the errors of its HTTP library are OSErrors
        if fault := tls_fault(error, "VAULT_ADDR", "VAULT_CACERT"):
            raise Misconfigured(f"{where} cannot be reached over TLS: {fault}") from error
        message = f"{where} does not answer ({type(error).__name__}): start and unseal it, or fix VAULT_ADDR"
        raise Unreachable(message) from error
    return ", ".join(found["data"]["policies"])


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
