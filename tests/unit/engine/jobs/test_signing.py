"""What is published while the vault signs, is away, refuses, or is not configured."""

from typing import Any

import pytest

from workers.config.settings import VaultSettings
from workers.core.errors import Misconfigured, Retryable, Unreachable
from workers.core.job import PublishSigned
from workers.core.metric import Measurement, gauge
from workers.core.record import OutgoingRecord
from workers.engine.jobs import signing as module
from workers.engine.jobs.effects import Effects
from workers.engine.jobs.signing import Signing
from workers.observe.tracing import NO_TRACING

UNSIGNED = gauge("unsigned", "Whether the last one was.")
VAULT = VaultSettings(addr="http://vault.example:8200")
NO_VAULT = VaultSettings()


def effect(*, hold: bool) -> PublishSigned:
    return PublishSigned("checkpoints", b"0", b"{}", "signing", "our-key", hold, UNSIGNED)


class FakeTransit:
    """Signs, or raises what it is given."""

    fault: Exception | None = None

    def __init__(self, _settings: VaultSettings, mount: str) -> None:
        self._mount = mount

    def sign(self, key: str, payload: bytes) -> str:
        if self.fault is not None:
            raise self.fault
        return f"vault:v1:{self._mount}/{key}/{payload.decode()}"


class World:
    """Producer, metrics and health in one."""

    def __init__(
        self, settings: VaultSettings, monkeypatch: pytest.MonkeyPatch, fault: Exception | None = None
    ) -> None:
        self.sent: list[OutgoingRecord] = []
        self.measured: list[Measurement] = []
        self.notes: dict[str, str] = {}
        monkeypatch.setattr(FakeTransit, "fault", fault)
        monkeypatch.setattr(module, "Transit", FakeTransit)
        self.signing = Signing(settings, self.measured.append, self.notes.__setitem__)

    async def send(self, records: list[OutgoingRecord]) -> None:
        self.sent += records

    async def publish(self, *, hold: bool) -> dict[str, Any]:
        world: Any = self
        effects = Effects(world, world, None, self.measured.append, NO_TRACING, signing=self.signing)
        return dict(await effects.run(effect(hold=hold)))


async def test_the_signature_of_the_value_is_in_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(VAULT, monkeypatch)
    found = await world.publish(hold=True)
    assert found == {"signature": "vault:v1:signing/our-key/{}"}, "for the step's record"
    header = ("signature", b"vault:v1:signing/our-key/{}")
    assert world.sent == [OutgoingRecord("checkpoints", b"0", b"{}", headers=[header])]
    assert (world.measured, world.notes) == ([Measurement(UNSIGNED, 0)], {"checkpoints": ""})


@pytest.mark.parametrize("hold", [True, False])
async def test_without_a_vault_it_is_published_unsigned_and_says_so(
    *, hold: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(NO_VAULT, monkeypatch)
    await world.publish(hold=hold)
    assert world.sent == [OutgoingRecord("checkpoints", b"0", b"{}", headers=[])]
    assert world.measured == [Measurement(UNSIGNED, 1)]
    assert "unsigned" in world.notes["checkpoints"]
    assert "VAULT_ADDR" in world.notes["checkpoints"]


@pytest.mark.parametrize("fault", [Unreachable("it is sealed"), Misconfigured("no such key")])
async def test_an_outage_holds_or_goes_on_unsigned_as_configured(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(VAULT, monkeypatch, fault)
    with pytest.raises(Retryable, match=str(fault)):
        await world.publish(hold=True)
    assert world.sent == []
    assert f"waits for its signature: {fault}" in world.notes["checkpoints"]
    await world.publish(hold=False)
    assert world.sent == [OutgoingRecord("checkpoints", b"0", b"{}", headers=[])]
    assert f"written unsigned: {fault}" in world.notes["checkpoints"]
    assert world.measured[-1] == Measurement(UNSIGNED, 1)
