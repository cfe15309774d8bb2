"""The audit worker: with any fault, each chain is what its description makes of the records, and verifies."""

from functools import partial

import pytest

from tests.chaos.conftest import Arenas, Judge
from tests.chaos.faults.archive import everything_archived, killed_before_the_note, store_full, store_read_only
from tests.chaos.faults.graph import emptied_and_a_new_chain_begun, restored_from_a_backup
from tests.chaos.faults.kill import OF_A_CHECKPOINT, OF_A_RECORD, killed_in_turn
from tests.chaos.faults.scale import scaled_out_and_in
from tests.chaos.faults.vault import vault_killed, vault_sealed
from tests.chaos.faults.zombie import zombie, zombie_with_a_checkpoint
from tests.chaos.running.arena import Arena
from tests.chaos.scenario import Fault, play

full = pytest.mark.full
LONG = {"traces": 30, "details_bytes": 16_000}
killed_everywhere = partial(killed_in_turn, points=(*OF_A_RECORD, *OF_A_CHECKPOINT), at_once=2)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(killed_everywhere, id="killed everywhere", marks=full),
        pytest.param(zombie, id="zombie before_transaction", marks=full),
        pytest.param(zombie_with_a_checkpoint, id="zombie before_checkpoint", marks=full),
        pytest.param(restored_from_a_backup, id="graph restored from a backup", marks=full),
        pytest.param(emptied_and_a_new_chain_begun, id="graph emptied, new chain begun", marks=full),
        pytest.param(vault_killed, id="vault killed"),
        pytest.param(vault_sealed, id="vault sealed", marks=full),
    ],
)
async def test_the_chain_is_that_of_the_records_and_verifies(fault: Fault, arenas: Arenas, judged: Judge) -> None:
    arena = await arenas("audit", partitions=2, traces=40)
    await play(arena, fault)
    await every_chain_is_signed(arena)
    report = await judged(arena)
    assert report.has_a_fault
    assert not report.findings


@full
async def test_chains_move_between_workers(arenas: Arenas, judged: Judge) -> None:
    arena = await arenas("audit", partitions=4)
    await play(arena, scaled_out_and_in)
    await every_chain_is_signed(arena)
    assert not (await judged(arena)).findings


@full
@pytest.mark.parametrize(
    ("fault", "stream"),
    [
        pytest.param(store_read_only, {"traces": 40}, id="object store read-only"),
        pytest.param(store_full, LONG, id="object store full"),
        pytest.param(killed_before_the_note, {"traces": 40}, id="killed after_object"),
    ],
)
async def test_the_archive_is_that_of_the_chains(
    fault: Fault, stream: dict[str, int], arenas: Arenas, judged: Judge
) -> None:
    arena = await arenas("audit", partitions=2, **stream)
    await play(arena, fault)
    await everything_archived(arena)
    report = await judged(arena)
    assert report.has_a_fault
    assert not report.findings


async def every_chain_is_signed(arena: Arena) -> None:
    """Wait for a checkpoint of each chain: a short stream may be over before the first one is due."""
    chains = {f"{arena.corner.topic}/{chain}" for chain in arena.witness.chains}
    await arena.until(lambda: chains <= arena.evidence.signed_chains(), "a signed checkpoint of each chain")
