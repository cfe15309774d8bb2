"""The registry's PostgreSQL: does the connector get on in its log, and does the log say what a changed key was."""

import time
from collections.abc import Iterator, Sequence

from workers.adapters.registry_database.replication import (
    LogPosition,
    ReplicaIdentity,
    log_position,
    replica_identities,
)
from workers.config.settings import RegistryDatabaseSettings
from workers.core.errors import Misconfigured, Unreachable
from workers.ops.doctor.finding import Finding, failed, ok, problem

SLOT = "memory_graph"
TABLES = ("models", "model_versions", "schemas", "capabilities")
CHECK = f"replication slot {SLOT}"
WITHIN_SECONDS = 30.0
"""A heartbeat every five seconds, and Connect's offset.flush.interval.ms, of 10 s at most, come before."""
POLL_SECONDS = 1.0


def check_source(
    settings: RegistryDatabaseSettings, slot: str = SLOT, within_seconds: float = WITHIN_SECONDS
) -> list[Finding]:
    """Wait until the connector has confirmed the log of now; nothing is asked where no database is named. Blocks."""
    if not settings.is_set:
        return []
    try:
        tables = replica_identities(settings, [f"public.{table}" for table in TABLES])
        first = log_position(settings, slot)
        began, last = time.monotonic(), first
        while first.confirmed is not None and (last.confirmed or 0) < first.written:
            if (waited := time.monotonic() - began) > within_seconds:
                return [_standing(last, waited), *judge_identities(tables)]
            time.sleep(POLL_SECONDS)
            last = log_position(settings, slot)
    except (Misconfigured, Unreachable) as error:
        return [failed("registry database", error)]
    return [_reached(last), *judge_identities(tables)]


def _reached(position: LogPosition) -> Finding:
    if position.confirmed is None:
        return problem(CHECK, "PostgreSQL has no such slot, so no change is kept for us; start the connector")
    return ok(CHECK, "the connector has confirmed PostgreSQL's log up to the position of now")


def _standing(position: LogPosition, waited: float) -> Finding:
    left = f"{position.behind:,} bytes of the log are not confirmed, and the disk of PostgreSQL fills"
    if not position.active:
        return problem(CHECK, f"nobody reads it: {left}; start the connector, or correct its slot.name")
    return problem(
        CHECK,
        f"the connector has not reached a position of {waited:.0f} s ago: {left}; see the log of Kafka Connect for "
        "what it waits for, such as a topic that does not exist (`memory-graph topology apply --execute`)",
    )


def judge_identities(tables: Sequence[ReplicaIdentity]) -> Iterator[Finding]:
    """Word each table whose changes do not say the former key of a row."""
    for each in tables:
        check = f"table {each.table}"
        if not each.has_primary_key:
            yield problem(
                check, "it has no primary key, so deletions are not seen; give it the key that the README says"
            )
        elif each.identity not in "df":
            fix = f"ALTER TABLE {each.table} REPLICA IDENTITY DEFAULT (or FULL)"
            yield problem(
                check, f"its replica identity hides the former key of a row, which then stays for ever; {fix}"
            )
    if tables and all(each.has_primary_key and each.identity in "df" for each in tables):
        yield ok("registry tables", "a change of a row says its former key")
