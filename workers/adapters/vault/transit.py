"""Transit: the vault signs, and keeps the private key to itself."""

import base64
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from hvac.exceptions import Forbidden  # type: ignore[import-untyped]  # it ships no types

from workers.adapters.vault.client import explained
from workers.adapters.vault.login import Session
from workers.config.settings import VaultSettings
from workers.core.errors import Misconfigured
from workers.core.one_line import one_line

ED25519 = "ed25519"


class Transit:
    """Signs with an Ed25519 key, and knows its public keys. Calls block: run them in a thread.

    They raise ``Misconfigured`` where the vault refuses them, and ``Unreachable``.
    """

    def __init__(self, settings: VaultSettings, mount: str = "transit", session: Session | None = None) -> None:
        self._settings = settings
        self._mount = mount
        self._session = session or Session(settings)

    def sign(self, key: str, payload: bytes) -> str:
        """Return the signature by the newest version of a key: ``vault:v<version>:<base64>``."""
        with self._explained(key):
            answer = self._ask(key, "sign_data", hash_input=base64.b64encode(payload).decode())
            return str(answer["signature"])

    def public_keys(self, key: str) -> Mapping[int, str]:
        """Return the public key of each version of a key: base64 of 32 bytes."""
        with self._explained(key):
            answer = self._ask(key, "read_key")
            if answer["type"] != ED25519:
                where = f"the key {self._mount}/{key} of the vault at {self._settings.addr}"
                raise Misconfigured(f"{where} is of the type {one_line(answer['type'])}: make one of {ED25519}")
            return {int(version): str(each["public_key"]) for version, each in answer["keys"].items()}

    def _explained(self, key: str) -> AbstractContextManager[None]:
        refused = (
            f"does not let this login use the key {self._mount}/{key}: make it with "
            f"`bao write -f {self._mount}/keys/{key} type={ED25519}`, and allow it in the login's policy"
        )
        return explained(self._settings, refused)

    def _ask(self, key: str, method: str, **arguments: str) -> Mapping[str, Any]:
        try:
            return self._call(key, method, arguments)
        except Forbidden:  # the token may have ended before its time
            self._session.forget()
            return self._call(key, method, arguments)

    def _call(self, key: str, method: str, arguments: Mapping[str, str]) -> Mapping[str, Any]:
        transit = self._session.client().secrets.transit
        answer = getattr(transit, method)(name=key, mount_point=self._mount, **arguments)
        return answer["data"]  # type: ignore[no-any-return]  # hvac ships no types
