"""``memory-graph registry resnapshot``: have the registry's rows sent again, for a graph that lacks some of them.

The topic keeps changes for its retention alone. A row that has not changed since comes only with a new snapshot.
"""

import time
from collections.abc import Sequence

from workers.adapters.registry_database.replication import log_position
from workers.adapters.registry_database.signals import SIGNALS, ask_for_snapshot, rows_of, windows_read
from workers.config.settings import RegistryDatabaseSettings
from workers.core.errors import Misconfigured, ProblemsFound

PUBLICATION = "memory_graph"
SLOT = "memory_graph"
TABLES = ("models", "model_versions", "capabilities", "schemas")
"""In this order: a model before what belongs to it."""
BEGINS_WITHIN_SECONDS = 60.0
POLL_SECONDS = 0.5
MAX_WHY_CHARACTERS = 1_000
CONFIGURE = "PUT workers/dev/stack/servers/connector.json to Kafka Connect"


def planned(settings: RegistryDatabaseSettings, tables: Sequence[str] = ()) -> dict[str, int]:
    """Return the rows of each table that would be sent again; all tables, or those named. Blocks.

    Raises ``Misconfigured``, ``Unreachable``, and ``ProblemsFound`` where the connector would not see the signal.
    """
    if not settings.is_set:
        raise Misconfigured("REGISTRY_DATABASE_URL is not set: set it to the database that the connector reads")
    if unknown := set(tables).difference(TABLES):
        raise Misconfigured(f"--table {', '.join(sorted(unknown))}: name one of {', '.join(TABLES)}")
    rows = rows_of(settings, PUBLICATION)
    if SIGNALS not in rows:
        raise ProblemsFound(
            f"the publication {PUBLICATION} has no table {SIGNALS}, so the connector sees no signals: create it as "
            f"workers/dev/stack/servers/registry.sql does, and {CONFIGURE}"
        )
    if not log_position(settings, SLOT).active:
        raise ProblemsFound(f"no connector reads the slot {SLOT}, so nobody would answer: `memory-graph doctor`")
    chosen = tables or TABLES
    return {table: rows[f"public.{table}"] for table in TABLES if table in chosen and f"public.{table}" in rows}


def resnapshot(settings: RegistryDatabaseSettings, tables: Sequence[str], by: str, why: str) -> str:
    """Ask for it, and return the signal's id once the connector has read the first rows. Blocks.

    Raises ``Misconfigured``, ``Unreachable``, and ``ProblemsFound`` where it does not begin within a minute.
    """
    why = why.strip()
    if not 1 <= len(why) <= MAX_WHY_CHARACTERS:
        raise Misconfigured(
            f"--why has {len(why)} characters: write 1 to {MAX_WHY_CHARACTERS}; it is kept in {SIGNALS}"
        )
    before = windows_read(settings)
    signal_id = ask_for_snapshot(settings, [f"public.{table}" for table in tables], {"by": by, "why": why})
    deadline = time.monotonic() + BEGINS_WITHIN_SECONDS
    while windows_read(settings) == before:
        if time.monotonic() > deadline:
            raise ProblemsFound(
                f"the connector has not begun within {BEGINS_WITHIN_SECONDS:.0f} s, and does as soon as it reads "
                f"signal {signal_id}: `memory-graph doctor` says what stops it"
            )
        time.sleep(POLL_SECONDS)
    return signal_id
