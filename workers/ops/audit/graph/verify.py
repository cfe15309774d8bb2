"""Verify one chain of the graph: every record by the hash of its content, its link, its place and its checkpoints."""

from workers.ops.audit.checkpoint_log import Log
from workers.ops.audit.finding import Chain, Finding, Kind, Progress, Result
from workers.ops.audit.graph.broken_chain import explain
from workers.ops.audit.graph.chain_walk import ChainWalk
from workers.ops.audit.graph.events import Expected, GraphSource
from workers.pipelines.audit.chain.link import genesis

NO_END = 2**62


async def verify_graph(  # noqa: PLR0913, PLR0917 - the chain, what is known about it, and the part to verify
    source: GraphSource, chain: Chain, log: Log, expected: Expected, progress: Progress, first: int = 1, last: int = 0
) -> Result:
    """Verify from the sequence ``first`` to ``last`` (0: to its end, as it was when ``expected`` was read).

    What has left the graph for the archive is not asked for.
    """
    first = max(first, expected.expired + 1)
    walk = await _walk(source, chain, log, expected, first)
    async for page in source.pages(chain, first, last or expected.length or NO_END):
        walk.add(page)
        progress(len(page))
        if not walk.going:
            break
    walk.end()
    result = Result(chain, walk.records, walk.sequence, walk.hash, checkpoints=len(walk.agreed))
    if walk.broken is not None:
        known = {expected.hash, *(each.hash for each in log.checkpoints)}
        missing = expected.length - await source.count(chain, expected.expired) if expected.length else 0
        result.findings.append(
            await explain(walk, walk.broken, lambda name, value: source.with_hash(chain, name, value), known, missing)
        )
    elif walk.rewritten is not None:
        result.findings.append(walk.rewritten)
    elif not last:
        result.findings += _tail(walk, log, expected) or await _excess(source, chain, expected)
    return result


async def _walk(source: GraphSource, chain: Chain, log: Log, expected: Expected, first: int) -> ChainWalk:
    begin = genesis(*chain).hash.hex()
    if first > 1 and first == expected.expired + 1:
        begin = expected.expired_hash
    elif first > 1:
        async for page in source.pages(chain, first - 1, first - 1):
            begin = page[0].hash
    return ChainWalk(first - 1, begin, log.checkpoints)


def _tail(walk: ChainWalk, log: Log, expected: Expected) -> list[Finding]:
    """Compare the chain's end with its last checkpoint, and with what the worker has counted."""
    newest = log.checkpoints[-1] if log.checkpoints else None
    if newest is not None and newest.sequence > walk.sequence:
        when = f"the checkpoint of {newest.created_at} has {newest.sequence:,}"
        return [_cut(walk, newest.sequence, when)]
    if expected.length > walk.sequence:
        return [_cut(walk, expected.length, f"the worker has counted {expected.length:,}")]
    if expected.hash not in {"", walk.hash}:
        message = f"{walk.sequence:,} was changed, its hash too: the worker has written {expected.hash[:12]}…"
        return [Finding(Kind.CHANGED, message, walk.sequence)]
    return []


async def _excess(source: GraphSource, chain: Chain, expected: Expected) -> list[Finding]:
    """Find records after the last one that the worker has counted."""
    if not expected.length or not (sequence := await source.excess(chain, expected.length)):
        return []
    message = f"a record was inserted at {sequence:,}: the worker has counted only {sequence - 1:,}"
    return [Finding(Kind.INSERTED, message, sequence)]


def _cut(walk: ChainWalk, length: int, known: str) -> Finding:
    missing = f"{walk.sequence + 1:,}" + ("" if length == walk.sequence + 1 else f" to {length:,}")
    return Finding(Kind.TAIL_CUT, f"the tail was cut: {missing} not there, and {known}", walk.sequence + 1)
