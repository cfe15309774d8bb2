"""Checkpoints by the vault's Transit, and what verification says of them."""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import hvac  # type: ignore[import-untyped]  # it ships no types
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.ops.audit.graph_of_chains import Chains
from tests.integration.ops.audit.log_of_chains import create_topics
from workers.adapters.graph.connection import GraphConnection
from workers.adapters.kafka.reader import TopicReader
from workers.adapters.vault.transit import Transit
from workers.config.settings import Settings
from workers.core.job import DeadLettersStep
from workers.core.metric import Measurement
from workers.core.record import ConsumedRecord
from workers.dev.stack.running import RunningStack
from workers.engine.jobs.effects import Effects, open_effects
from workers.observe.tracing import NO_TRACING
from workers.ops.audit.checkpoint_log import Log, read_log
from workers.ops.audit.finding import Chain, Kind
from workers.ops.audit.graph.events import GraphSource
from workers.ops.audit.graph.verify import verify_graph
from workers.ops.audit.signatures import keys_of_file, keys_of_transit
from workers.pipelines.audit.checkpoints.jobs import MakeCheckpoints
from workers.pipelines.audit.checkpoints.options import CheckpointOptions

CHECKPOINTS = "audit-checkpoints"
NOW = 1_796_000_000_000


@pytest.fixture
def transit_key(stack_with_vault: RunningStack, monkeypatch: pytest.MonkeyPatch) -> str:
    """A key that signs, and a login of its own that may use it, as an AppRole."""
    address, token = stack_with_vault.vault
    vault, name = hvac.Client(address, token=token), f"audit-{uuid4().hex[:8]}"
    if "transit/" not in vault.sys.list_mounted_secrets_engines():
        vault.sys.enable_secrets_engine("transit")
    if "approle/" not in vault.sys.list_auth_methods():
        vault.sys.enable_auth_method("approle")
    vault.secrets.transit.create_key(name, key_type="ed25519")
    rules = (
        f'path "transit/sign/{name}" {{capabilities=["update"]}} path "transit/keys/{name}" {{capabilities=["read"]}}'
    )
    vault.sys.create_or_update_policy(name, rules)
    vault.auth.approle.create_or_update_approle(name, token_policies=[name], token_ttl="10m")
    monkeypatch.setenv("VAULT_ADDR", address)
    monkeypatch.delenv("VAULT_TOKEN", raising=False)
    monkeypatch.setenv("VAULT_ROLE_ID", vault.auth.approle.read_role_id(name)["data"]["role_id"])
    monkeypatch.setenv("VAULT_SECRET_ID", vault.auth.approle.generate_secret_id(name)["data"]["secret_id"])
    return name


@pytest.fixture
async def chains(graph: GraphConnection) -> AsyncIterator[Chains]:
    made = Chains(graph, 2, 40)
    await made.write()
    create_topics({CHECKPOINTS: 1})
    yield made
    await made.remove()


class Worker:
    """Does what the runner does with the job of checkpoints, one round at a time."""

    def __init__(self, chains: Chains, graph: GraphConnection, effects: Effects, key: str, on_outage: str) -> None:
        options = CheckpointOptions.model_validate({"every_events": 1, "key": key, "on_outage": on_outage})
        self._job, self._graph, self._effects = MakeCheckpoints(chains.topic, "1", options), graph, effects

    async def round(self, now_ms: int, *, crash: bool = False) -> int:
        """Run the steps that are due; with ``crash`` stop before what they did is stored. Return their number."""
        due = self._job.query(now_ms)
        rows = await self._graph.rows(due.cypher, **due.parameters)
        steps = list(self._job.steps(rows, now_ms))
        for step in steps:
            if isinstance(step, DeadLettersStep):
                record = step.record([5, 7], 2)
            else:
                (learned,) = [await self._effects.run(effect) for effect in step.effects]
                assert step.record is not None
                record = step.record._replace(parameters={**step.record.parameters, **learned})
            if not crash:
                await self._graph.rows(record.cypher, **record.parameters)
        return len(steps)


def published(chains: Chains) -> list[ConsumedRecord]:
    reader = TopicReader(Settings.from_environment().kafka, CHECKPOINTS)
    records = reader.between({}, reader.end_offsets())
    return [each for each in records if (each.key or b"").startswith(chains.topic.encode())]


def logs(records: Sequence[ConsumedRecord], key: str) -> dict[Chain, Log]:
    keys = Transit(Settings.from_environment().vault).public_keys(key)
    return dict(read_log(records, keys_of_transit(keys)))


async def test_checkpoints_are_signed_linked_and_forged_ones_found(
    chains: Chains, graph: GraphConnection, transit_key: str, tmp_path: Path
) -> None:
    measured: list[Measurement] = []
    notes: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        effects = await open_effects(
            stack, Settings.from_environment(), tmp_path / "none", measured.append, notes.__setitem__, NO_TRACING
        )
        worker = Worker(chains, graph, effects, transit_key, "hold")
        assert await worker.round(NOW) == 2  # kept
        assert await worker.round(NOW + 1, crash=True) == 2  # published, and forgotten
        assert await worker.round(NOW + 2) == 2  # published again, the same bytes
        assert await worker.round(NOW + 3) == 0  # nothing new
        assert await worker.round(NOW + 400_000) == 2  # also without events, after their time
        assert await worker.round(NOW + 400_000) == 2
    assert {each.value for each in measured} == {0}
    assert set(notes.values()) == {""}

    records = published(chains)
    found = logs(records, transit_key)
    for chain, log in found.items():
        assert (log.signed, log.unsigned, log.findings, log.newest) == (2, 0, [], 2)
        assert log.dead == {5, 7}
        result = await verify_graph(
            GraphSource(graph), chain, log, (await GraphSource(graph).chains(chains.topic))[chain], lambda _: None
        )
        assert (result.findings, result.checkpoints) == ([], 1)

    # Another key signs the same bytes; and the right signature stands under other bytes.
    value = records[0].value or b""
    forged = f"vault:v1:{base64.b64encode(Ed25519PrivateKey.generate().sign(value)).decode()}".encode()
    (finding,) = logs([records[0]._replace(headers=[("signature", forged)])], transit_key)[
        Chain(chains.topic, 0, "1")
    ].findings
    assert finding.kind is Kind.CHECKPOINT_FORGED
    changed = records[0]._replace(value=value.replace(b'"sequence":40', b'"sequence":39'))
    assert [f.kind for log in logs([changed], transit_key).values() for f in log.findings] == [Kind.CHECKPOINT_FORGED]

    # One that was removed: the next one names it.
    of_first = [each for each in records if each.key == records[0].key]
    (missing,) = logs(of_first[-1:], transit_key)[Chain(chains.topic, 0, "1")].findings
    assert missing.kind is Kind.CHECKPOINT_REMOVED


async def test_a_public_key_in_a_file_is_enough_to_verify(chains: Chains, transit_key: str, tmp_path: Path) -> None:
    transit = Transit(Settings.from_environment().vault)
    signature = transit.sign(transit_key, b"some bytes")
    keys = keys_of_transit(transit.public_keys(transit_key))
    pem = keys.key_of(b"some bytes", signature)
    assert pem is not None
    assert keys.key_of(b"other bytes", signature) is None
    other = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "right.pem").write_bytes(other + pem)
    (tmp_path / "wrong.pem").write_bytes(other)
    assert keys_of_file(tmp_path / "right.pem").key_of(b"some bytes", signature) == pem
    assert keys_of_file(tmp_path / "wrong.pem").key_of(b"some bytes", signature) is None


async def test_after_a_rotation_older_signatures_are_valid_still(
    stack_with_vault: RunningStack, transit_key: str
) -> None:
    address, token = stack_with_vault.vault
    transit = Transit(Settings.from_environment().vault)
    before = transit.sign(transit_key, b"some bytes")
    hvac.Client(address, token=token).secrets.transit.rotate_key(transit_key)
    after = transit.sign(transit_key, b"some bytes")
    assert (before.split(":")[1], after.split(":")[1]) == ("v1", "v2")
    keys = keys_of_transit(transit.public_keys(transit_key))
    assert keys.key_of(b"some bytes", before)
    assert keys.key_of(b"some bytes", after)
