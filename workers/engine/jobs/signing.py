"""Sign what jobs publish, by the vault's Transit, and say where that is not done."""

import asyncio
from collections.abc import Callable

import structlog

from workers.adapters.vault.transit import Transit
from workers.config.settings import VaultSettings
from workers.core.errors import Misconfigured, Retryable, Unreachable
from workers.core.job import PublishSigned
from workers.core.metric import Measurement
from workers.core.record import Headers

HEADER = "signature"
NO_VAULT = "the settings name no vault: set VAULT_ADDR"

log = structlog.get_logger(__name__)


class Signing:
    """Signs values; its client blocks, so it runs in a thread."""

    def __init__(
        self, settings: VaultSettings, record: Callable[[Measurement], None], note: Callable[[str, str], None]
    ) -> None:
        self._settings = settings
        self._record = record
        self._note = note
        self._transits: dict[str, Transit] = {}

    async def headers(self, effect: PublishSigned) -> Headers:
        """Return the header with the signature, or none. Raises ``Retryable`` where it is worth waiting for."""
        reason = NO_VAULT
        if self._settings.addr is not None:
            try:
                signature = await asyncio.to_thread(self._sign, effect)
            except (Misconfigured, Unreachable) as error:
                if effect.hold:
                    self._tell(effect, f"{effect.topic} waits for its signature: {error}")
                    raise Retryable(str(error)) from error
                reason = str(error)
            else:
                self._tell(effect, "")
                return [(HEADER, signature.encode())]
        self._tell(effect, f"{effect.topic} is written unsigned: {reason}")
        self._record(Measurement(effect.unsigned, 1))
        return []

    def _tell(self, effect: PublishSigned, sentence: str) -> None:
        self._note(effect.topic, sentence)
        if sentence:
            log.warning(sentence)
        else:
            self._record(Measurement(effect.unsigned, 0))

    def _sign(self, effect: PublishSigned) -> str:
        transit = self._transits.setdefault(effect.mount, Transit(self._settings, effect.mount))
        return transit.sign(effect.signing_key, effect.value)
