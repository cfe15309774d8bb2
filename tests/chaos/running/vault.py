"""The vault of the chaos tests: an OpenBao that is killed and sealed, with a key of its own for each scenario."""

import re
from pathlib import Path
from typing import Any

import hvac  # type: ignore[import-untyped]  # it ships no types

UNSEAL_KEY = re.compile(rb"Unseal Key: (\S+)")


class Vault:
    """Makes and restores one scenario's key. Every call blocks."""

    def __init__(self, address: str, token: str, log: Path, key: str) -> None:
        self._client = hvac.Client(address, token=token)
        self._log = log
        self._key = key
        self._mount()
        self._transit.create_key(key, key_type="ed25519", exportable=True, allow_plaintext_backup=True)
        self._backup = self._transit.backup_key(key)["data"]["backup"]

    def restore(self) -> None:
        """Bring the key back into a vault that has lost everything, as one in memory does when it is killed."""
        self._mount()
        self._transit.restore_key(self._backup, name=self._key)

    def seal(self) -> None:
        """Seal the vault: it answers, and refuses everything."""
        self._client.sys.seal()

    def unseal(self) -> None:
        """Unseal the vault with the key that it wrote at its start."""
        found = UNSEAL_KEY.findall(self._log.read_bytes())
        self._client.sys.submit_unseal_key(found[-1].decode())

    def _mount(self) -> None:
        if "transit/" not in self._client.sys.list_mounted_secrets_engines():
            self._client.sys.enable_secrets_engine("transit")

    @property
    def _transit(self) -> Any:
        return self._client.secrets.transit
