"""Verify one chain of the archive in this process, and the place where the graph begins after it."""

from workers.adapters.object_store.store import ObjectStore
from workers.ops.audit.archive.verify import ArchiveChain
from workers.ops.audit.finding import Finding, Kind, Progress, Result
from workers.ops.audit.graph.events import Expected
from workers.ops.audit.verify import Task
from workers.pipelines.audit.archive.batch import read_batch


async def from_archive(task: Task, progress: Progress) -> Result:
    """Verify the objects of a chain. Blocks. Raises ``Misconfigured`` and ``Unreachable``."""
    if task.archive is None:
        raise AssertionError("a task without an archive")
    store = ObjectStore(task.archive.store)
    verifying = ArchiveChain(task.chain, task.archive, store, task.log, progress, task.since, task.until)
    result = await verifying.verify()
    result.lag = max(0, task.expected.length - task.archive.noted.archived)
    return result


def begins_wrong(task: Task, expected: Expected, agreed: int) -> list[Finding]:
    """Find out whether the archive has what the graph does not have any more; ``agreed`` checkpoints fit the graph.

    Blocks. Raises ``Misconfigured`` and ``Unreachable``.
    """
    if not expected.expired:
        return []
    gone = f"1 to {expected.expired:,} are not in the graph"
    witnesses = [each.hash for each in task.log.checkpoints if each.sequence == expected.expired]
    if any(hash_ != expected.expired_hash for hash_ in witnesses):
        message = f"{gone}, and the checkpoint at {expected.expired:,} has another hash than the graph begins with"
        return [Finding(Kind.CHECKPOINT_DIFFERS, message, expected.expired)]
    if task.archive is not None:
        wrong = _not_held(ObjectStore(task.archive.store), expected)
        return [Finding(Kind.REMOVED, f"{gone}, and {wrong}", 1)] if wrong else []
    if witnesses or agreed:
        return []
    message = f"{gone}; no checkpoint says that it began there, and topology.yaml names no archive"
    return [Finding(Kind.NOT_VERIFIED, message, expected.expired)]


def _not_held(store: ObjectStore, expected: Expected) -> str:
    """Return why the archive does not hold the last record that left the graph; an empty text where it does."""
    content = store.get(expected.expired_in) if expected.expired_in else None
    if content is None:
        return f"the archive has no object {expected.expired_in or 'for them'}"
    try:
        batch = read_batch(content)
    except ValueError as fault:
        return f"the object {expected.expired_in} cannot be read: {fault}"
    if batch.broken or (batch.last, batch.hash) != (expected.expired, expected.expired_hash):
        return f"the object {expected.expired_in} does not end with the record before: {batch.broken or batch.last}"
    return ""
