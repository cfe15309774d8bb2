"""Which migration a person's decision is about, and whether it may still be decided."""

from collections.abc import Sequence

from workers.config.user import user_name
from workers.core.errors import Misconfigured, ProblemsFound
from workers.ops.schema_approval.listed import Listed
from workers.pipelines.evolution.events import Decided
from workers.pipelines.evolution.identity import Subject
from workers.pipelines.evolution.limits import MAX_NAME_BYTES, MAX_WHY_BYTES
from workers.pipelines.evolution.states import UNDECIDED

SEE = "`memory-graph registry list` shows what there is"


def waiting(migrations: Sequence[Listed], schema_id: str, version: str) -> Subject:
    """Return the one that waits, of those to this version.

    Raises ``Misconfigured`` where there is no migration at all, and ``ProblemsFound`` where none waits.
    """
    if not migrations:
        raise Misconfigured(f"schema {schema_id!r} has no migration to version {version!r}: {SEE}")
    for migration in migrations:
        if migration.state in UNDECIDED:
            return Subject(migration.migration_id, schema_id, version)
    last = migrations[-1]
    by = f" (decided by {last.decided_by})" if last.decided_by else ""
    raise ProblemsFound(f"{last.migration_id} is {last.state}{by} and waits for no decision: {SEE}")


def decision(*, approved: bool, by: str | None, why: str) -> Decided:
    """Return the decision; ``by`` is the user of this process where it is not given. Raises ``Misconfigured``."""
    by = _text("--by", by if by is not None else user_name("--by"), MAX_NAME_BYTES)
    return Decided(approved, by, _text("--why", why, MAX_WHY_BYTES))


def _text(option: str, value: str, limit: int) -> str:
    """Check what was typed as the worker does, for it must not come back as a dead letter."""
    value = value.strip()
    if not value:
        raise Misconfigured(f"{option} is empty: it is kept with the decision, so write something")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise Misconfigured(f"{option} is no valid text: write it in UTF-8") from None
    if size > limit:
        raise Misconfigured(f"{option} has {size} bytes: write at most {limit}")
    return value
