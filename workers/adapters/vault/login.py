"""Log in to the vault: with a token, as an AppRole, or as a Kubernetes service account. Tokens are renewed."""

from pathlib import Path
from typing import Any

import hvac  # type: ignore[import-untyped]  # it ships no types
from hvac.exceptions import Forbidden, InvalidRequest  # type: ignore[import-untyped]  # same reason as above

from workers.adapters.vault.client import explained, open_client
from workers.config.environment import current_secret
from workers.config.settings import VaultSettings
from workers.core.clock import Clock, SystemClock
from workers.core.errors import Misconfigured

SERVICE_ACCOUNT_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
RENEW_AT = 0.5
"""The part of a token's life after which it is renewed."""
REFUSED = {
    "token": "does not accept the token: set VAULT_TOKEN, or VAULT_TOKEN_FILE, to a valid one",
    "approle": "does not accept the AppRole: set VAULT_ROLE_ID, and VAULT_SECRET_ID or VAULT_SECRET_ID_FILE",
    "kubernetes": "does not accept the service account: bind it to the role VAULT_KUBERNETES_ROLE",
}


class Session:
    """A client that is logged in. Calls block; one thread at a time."""

    def __init__(
        self, settings: VaultSettings, clock: Clock | None = None, service_account: Path = SERVICE_ACCOUNT_TOKEN
    ) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._service_account = service_account
        self._client = open_client(settings)
        self._given = ""
        self._renew_at = float("inf")

    @property
    def method(self) -> str:
        """Return how it logs in: ``approle``, ``kubernetes`` or ``token``."""
        if self._settings.role_id:
            return "approle"
        return "kubernetes" if self._settings.kubernetes_role else "token"

    def client(self) -> hvac.Client:
        """Return the client, logged in or renewed where that is due. Raises ``Misconfigured`` and ``Unreachable``."""
        with explained(self._settings, REFUSED[self.method]):
            if self._must_log_in():
                self._log_in()
            elif self._clock.monotonic() >= self._renew_at:
                self._renew()
        return self._client

    def forget(self) -> None:
        """Log in again at the next call: the vault has refused the token."""
        self._client.token = ""

    def _must_log_in(self) -> bool:
        rotated = self.method == "token" and self._token() != self._given
        return rotated or not self._client.token

    def _token(self) -> str:
        return current_secret("VAULT_TOKEN", self._settings.token)

    def _log_in(self) -> None:
        settings = self._settings
        mount = {"mount_point": settings.auth_mount} if settings.auth_mount else {}
        match self.method:
            case "approle":
                secret = current_secret("VAULT_SECRET_ID", settings.secret_id)
                self._keep(self._client.auth.approle.login(settings.role_id, secret or None, **mount)["auth"])
            case "kubernetes":
                answer = self._client.auth.kubernetes.login(settings.kubernetes_role, self._account(), **mount)
                self._keep(answer["auth"])
            case _:
                self._given = self._client.token = self._token()
                found = self._client.auth.token.lookup_self()["data"]
                self._keep({"lease_duration": found.get("ttl"), "renewable": found.get("renewable")})

    def _account(self) -> str:
        """Return the service account's token as its file has it now: Kubernetes replaces it."""
        try:
            return self._service_account.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Misconfigured(
                f"VAULT_KUBERNETES_ROLE={self._settings.kubernetes_role} logs in with {self._service_account}, which "
                f"cannot be read ({error.strerror}): run in a pod with a service account, or unset it"
            ) from None

    def _renew(self) -> None:
        """Renew the token; where the vault no longer does that, log in again."""
        try:
            self._keep(self._client.auth.token.renew_self()["auth"])
        except (Forbidden, InvalidRequest):
            self._log_in()

    def _keep(self, auth: dict[str, Any]) -> None:
        """Note when the token must be renewed. One that never ends, or cannot be renewed, is left as it is."""
        seconds = auth.get("lease_duration") or 0
        renewable = auth.get("renewable") or self.method != "token"
        self._renew_at = self._clock.monotonic() + seconds * RENEW_AT if seconds and renewable else float("inf")


def check_token(settings: VaultSettings) -> str:
    """Log in and look up the token; return its policies. Blocks. Raises ``Misconfigured`` and ``Unreachable``."""
    session = Session(settings)
    client = session.client()
    with explained(settings, REFUSED[session.method]):
        return ", ".join(client.auth.token.lookup_self()["data"]["policies"])
