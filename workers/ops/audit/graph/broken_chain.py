"""Say what was done to a chain, from the place where it does not go on."""

from collections.abc import Awaitable, Callable, Collection

from workers.ops.audit.finding import Finding, Kind
from workers.ops.audit.graph.chain_walk import Break, ChainWalk
from workers.pipelines.audit.chain.stored import Stored

Lookup = Callable[[str, str], Awaitable[list[Stored]]]
"""Returns the events of the chain whose property (``hash`` or ``prev_hash``) has a value."""


async def explain(
    walk: ChainWalk, found: Break, lookup: Lookup, known: Collection[str] = (), missing: int = 0
) -> Finding:
    """Name the record that was changed, removed, inserted or moved.

    ``known`` are hashes of genuine records. ``missing`` is how many records fewer the chain has than were written.
    """
    before, record, after = found
    expected = walk.sequence + 1
    if record.sequence > expected:
        return await _gap(walk, found, lookup)
    if before is not None and record.prev_hash == before.prev_hash:  # two records follow the same one
        goes_on_before = before.hash in known or (after is not None and after.prev_hash == before.hash)
        return _inserted(record if goes_on_before else before, "follows a record that has another follower")
    if record.sequence < expected:
        return _inserted(record, "has the place of another record")
    if after is not None and after.sequence == record.sequence and after.hash_after(walk.hash) == after.hash:
        return _inserted(record, "has the place of another record")
    if record.prev_hash == walk.hash or record.hash_after(walk.hash) == record.hash:
        return _changed(record, _what_differs(walk, record))
    return await _does_not_follow(walk, found, lookup, missing)


def _what_differs(walk: ChainWalk, record: Stored) -> str:
    if record.hash_after(walk.hash) == record.hash:
        return "its prev_hash is not the hash of the record before it, and its hash still is"
    if record.event is None:
        return "its details are not what was written"
    return "its hash is not that of its content"


async def _gap(walk: ChainWalk, found: Break, lookup: Lookup) -> Finding:
    """Explain a missing sequence: its record is elsewhere, has another sequence, or is gone."""
    record, missing = found.record, walk.sequence + 1
    if record.prev_hash == walk.hash and record.agrees_with_itself:
        return _changed(record, f"its sequence is {record.sequence:,}, its hash follows that of {walk.sequence:,}")
    for moved in await lookup("prev_hash", walk.hash):
        if moved.agrees_with_itself:
            return _moved(moved, missing)
    last = record.sequence - 1
    which = f"{missing:,}" if last == missing else f"{missing:,} to {last:,}"
    return Finding(Kind.REMOVED, f"{which} {'is' if last == missing else 'are'} not there", missing)


async def _does_not_follow(walk: ChainWalk, found: Break, lookup: Lookup, missing: int) -> Finding:
    """Explain a record at the right place whose previous hash is not that of the record before it."""
    before, record, _ = found
    followers = [each for each in await lookup("prev_hash", walk.hash) if each.hash != record.hash]
    if not record.agrees_with_itself:
        return _inserted(record, "does not follow it") if followers else _changed(record, "neither hash fits")
    if await lookup("hash", record.prev_hash):
        return _moved_of(record, followers[0], walk.sequence + 1) if followers else _moved(record, None)
    if followers:
        return _inserted(record, "follows no record")
    if before is None or missing > 0:
        message = f"what stood before {record.sequence:,} ({record.audit_id}) is not there; the rest was numbered again"
        return Finding(Kind.REMOVED, message, record.sequence)
    return _changed(
        before, f"its hash was computed again, and {record.sequence:,} ({record.audit_id}) has the former one"
    )


def _moved_of(record: Stored, follower: Stored, place: int) -> Finding:
    """Name the one of two records that stands at the other's place."""
    return _moved(follower if follower.agrees_with_itself else record, place)


def _moved(record: Stored, place: int | None) -> Finding:
    belongs = "elsewhere" if place is None else f"at {place:,}"
    message = f"{record.audit_id} stands at {record.sequence:,} and belongs {belongs}, by its hash"
    return Finding(Kind.REORDERED, message, record.sequence if place is None else place, record.audit_id)


def _changed(record: Stored, why: str) -> Finding:
    message = f"{record.sequence:,} ({record.audit_id}) was changed: {why}"
    return Finding(Kind.CHANGED, message, record.sequence, record.audit_id)


def _inserted(record: Stored, why: str) -> Finding:
    message = f"{record.audit_id} was inserted at {record.sequence:,}: it {why}"
    return Finding(Kind.INSERTED, message, record.sequence, record.audit_id)
