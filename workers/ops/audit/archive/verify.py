"""Verify one chain of the archive: every record, every link between objects, every checkpoint, every signature."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from workers.adapters.object_store.store import ObjectStore
from workers.core.errors import Misconfigured
from workers.ops.audit.archive.known import ArchivedChain
from workers.ops.audit.checkpoint_log import Log, forged, unlinked
from workers.ops.audit.finding import Chain, Finding, Kind, Progress, Result
from workers.ops.audit.graph.broken_chain import explain
from workers.ops.audit.graph.chain_walk import ChainWalk
from workers.pipelines.audit.archive.batch import Batch, Signed, digest, read_batch, read_name
from workers.pipelines.audit.chain.link import genesis
from workers.pipelines.audit.chain.stored import Stored

DAY = slice(0, 10)
"""The day in the name of an object, such as 2026/11/30."""


@dataclass(slots=True)
class ArchiveChain:
    """One chain; ``log`` has the checkpoints of the topic, which are witnesses of their own."""

    chain: Chain
    archive: ArchivedChain
    store: ObjectStore
    log: Log
    progress: Progress
    since: int | None = None
    until: int | None = None
    _walk: ChainWalk | None = field(default=None, init=False)
    _digests: set[bytes] = field(default_factory=set, init=False)
    _result: Result = field(init=False)

    async def verify(self) -> Result:
        """Verify object after object, up to the first that is not as it was written. Blocks."""
        self._result = Result(self.chain)
        for name in self.archive.names:
            found = self._object(name)
            if found is None and self._result.findings:
                break
            if found is not None and not await self._take(name, found):
                break
        else:
            await self._end()
        if self._walk is not None:
            self._result.records, self._result.head = self._walk.records, self._walk.sequence
            self._result.hash = self._walk.hash
        return self._result

    def _object(self, name: str) -> Batch | None:
        """Return an object; ``None``, with a finding, for one that is none, and for one of another time."""
        content = self.store.get(name)
        try:
            batch = read_batch(content or b"")
        except ValueError as error:
            self._found(Kind.CHANGED, f"the object {name} cannot be read: {error}", _first(name))
            return None
        if (Chain(*batch.chain), batch.after + 1) != (self.chain, _first(name)):
            self._found(Kind.CHANGED, f"the object {name} has records of another place", _first(name))
            return None
        if not self._is_asked_for(batch):
            return None
        noted = self.archive.noted.digests.get(name)
        if noted is not None and digest(content or b"") != noted and not batch.broken:
            message = f"the object {name} was replaced: the worker has archived lines with the SHA-256 {noted[:12]}…"
            self._found(Kind.CHANGED, message, _first(name))
            return None
        return batch

    def _is_asked_for(self, batch: Batch) -> bool:
        if not batch.events:
            return self.since is None and self.until is None
        times = [time for each in batch.events if isinstance(time := (each.event or {}).get("timestamp"), int)]
        late = self.since is None or not times or max(times) >= self.since
        return late and (self.until is None or not times or min(times) < self.until)

    async def _take(self, name: str, batch: Batch) -> bool:
        """Follow the records of an object; tell whether all is as it was written."""
        walk = self._walk or self._begun(name, batch)
        if walk is None:
            return False
        self._walk = walk
        walk.add(batch.events)
        walk.end()
        self.progress(len(batch.events))
        if walk.broken is not None or walk.rewritten is not None:
            self._result.findings.append(await self._explained(walk, batch))
            return False
        if batch.stated != batch.last:
            says = f"the object {name} says that it ends with {batch.stated:,}, and it ends with {batch.last:,}"
            self._found(Kind.TAIL_CUT, says, batch.last + 1)
            return False
        return self._check(batch)

    def _begun(self, name: str, batch: Batch) -> ChainWalk | None:
        """Return the walk from an object on; ``None``, with a finding, where objects before it must be there."""
        whole = batch.after == 0 or self.since is not None
        if not whole and not _is_over(name, self.archive.retention_days):
            last = f" to {batch.after:,}" if batch.after > 1 else ""
            message = f"1{last} not in the archive, whose objects are kept for {self.archive.retention_days:,} days"
            self._found(Kind.REMOVED, message, 1)
            return None
        begin = batch.prev_hash if batch.after else genesis(*self.chain).hash.hex()
        return ChainWalk(batch.after, begin, self.log.checkpoints)

    async def _explained(self, walk: ChainWalk, batch: Batch) -> Finding:
        if walk.broken is None:
            assert walk.rewritten is not None  # noqa: S101 - one of the two ended the walk
            return walk.rewritten
        known = {self.archive.noted.hash, *(each.hash for each in self.log.checkpoints)}
        missing = batch.stated - batch.last
        finding = await explain(walk, walk.broken, self._with_hash, known, missing)
        return finding._replace(message=f"{finding.message} (in {self._name_at(walk.broken.record)})")

    def _name_at(self, record: Stored) -> str:
        """Return the object that has a record."""
        return next((name for name, batch in self._batches() if record in batch.events), "the archive")

    async def _with_hash(self, name: str, value: str) -> list[Stored]:
        return [each for _, batch in self._batches() for each in batch.events if getattr(each, name) == value]

    def _batches(self) -> Iterator[tuple[str, Batch]]:
        """Read all objects once more: only where something was found."""
        for name in self.archive.names:
            try:
                yield name, read_batch(self.store.get(name) or b"")
            except ValueError:
                continue

    def _check(self, batch: Batch) -> bool:
        """Compare an object's checkpoints with its records, and check signatures and links."""
        hashes = {each.sequence: each.hash for each in batch.events} | {batch.after: batch.prev_hash}
        for signed in batch.checkpoints:
            checkpoint = signed.checkpoint
            if (wrong := self._wrong(signed)) is not None:
                self._result.findings.append(wrong)
                return False
            self._digests.add(bytes.fromhex(checkpoint.digest))
            here = hashes.get(checkpoint.sequence)
            if here is not None and here != checkpoint.hash:
                message = f"the archived checkpoint {checkpoint.number:,} has another hash of {checkpoint.sequence:,}"
                self._found(Kind.CHECKPOINT_DIFFERS, message, checkpoint.sequence)
                return False
            self._result.checkpoints += here is not None
            self._result.signed += bool(signed.signature)
            self._result.unsigned += not signed.signature
        return True

    def _wrong(self, signed: Signed) -> Finding | None:
        """Return what is wrong with a checkpoint itself."""
        checkpoint, signature = signed
        if signature and self.archive.signatures is None:
            raise Misconfigured(
                "the archived checkpoints are signed, and nothing says by whom: set VAULT_ADDR, or name the public "
                "key's PEM file with --public-key"
            )
        keys = self.archive.signatures
        if signature and keys is not None and keys.key_of(checkpoint.canonical, signature) is None:
            return forged(checkpoint)
        before = bytes.fromhex(checkpoint.previous)
        if before and self._digests and before not in self._digests | self.log.digests:
            return unlinked(checkpoint)
        return None

    async def _end(self) -> None:
        """Compare the archive's end with what the worker has noted, and with the checkpoints of the topic."""
        if self.until is not None or self._result.findings:
            return
        sequence = self._walk.sequence if self._walk else 0
        hash_ = self._walk.hash if self._walk else genesis(*self.chain).hash.hex()
        if sequence < self.archive.noted.archived:
            missing = f"{sequence + 1:,} to {self.archive.noted.archived:,}"
            message = f"the tail was cut: the worker has archived {missing}, and no object has them"
            self._found(Kind.TAIL_CUT, message, sequence + 1)
        elif sequence == self.archive.noted.archived and self.archive.noted.hash not in {"", hash_}:
            self._found(
                Kind.CHANGED, f"{sequence:,} was changed, its hash too: the worker has archived another", sequence
            )
        elif gone := sorted(self.archive.noted.digests.keys() - set(self.archive.names)):
            self._gone(gone)

    def _gone(self, names: list[str]) -> None:
        """Name the first object that must still be there: one of checkpoints alone has no record that is missing."""
        kept = [name for name in names if not _is_over(name, self.archive.retention_days)]
        if kept:
            message = f"the object {kept[0]} is not there, and the worker has archived it"
            self._found(Kind.REMOVED, message, _first(kept[0]))

    def _found(self, kind: Kind, message: str, sequence: int | None) -> None:
        self._result.findings.append(Finding(kind, message, sequence))


def _first(name: str) -> int:
    read = read_name(name)
    return read.first if read else 0


def _is_over(name: str, days: int) -> bool:
    """Tell whether objects from before this one need not be there any more."""
    oldest = datetime.now(UTC) - timedelta(days=days)
    return name[DAY] <= f"{oldest:%Y/%m/%d}"
