"""The vault's client: hvac, with one sentence for each reason why it cannot be used."""

import hvac  # type: ignore[import-untyped]  # it ships no types
from hvac.exceptions import Forbidden, VaultError  # type: ignore[import-untyped]  # same reason as above

from workers.config.settings import VaultSettings
from workers.core.errors import Misconfigured, Unreachable

ANSWER_SECONDS = 5


def check_token(settings: VaultSettings) -> str:
    """Look up the token; return its policies. Blocks. Raises ``Misconfigured`` for a refused token, ``Unreachable``."""
    where = f"the vault at {settings.addr}"
    client = hvac.Client(settings.addr, token=settings.token.get_secret_value(), timeout=ANSWER_SECONDS)
    try:
        found = client.auth.token.lookup_self()
    except Forbidden:
        message = f"{where} does not accept the token: set VAULT_TOKEN, or VAULT_TOKEN_FILE, to a valid one"
        raise Misconfigured(message) from None
    except (VaultError, OSError) as error:  # the errors of its HTTP library are OSErrors
        message = f"{where} does not answer ({type(error).__name__}): start and unseal it, or fix VAULT_ADDR"
        raise Unreachable(message) from error
    return ", ".join(found["data"]["policies"])
