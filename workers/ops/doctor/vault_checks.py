"""The vault: does it answer, does it accept the token."""

from workers.adapters.vault.login import check_token
from workers.config.settings import VaultSettings
from workers.core.errors import Misconfigured, Unreachable
from workers.ops.doctor.finding import Finding, failed, ok


def check_vault(settings: VaultSettings) -> list[Finding]:
    """Look up the token, where a vault is configured."""
    if settings.addr is None:
        return []
    try:
        policies = check_token(settings)
    except (Misconfigured, Unreachable) as error:
        return [failed("vault", error)]
    return [ok("vault", f"{settings.addr} accepts the login, with the policies {policies}")]
