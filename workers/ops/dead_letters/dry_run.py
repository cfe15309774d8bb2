"""Decode and validate dead letters with the code of the worker that rejected them, and change nothing."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.core.clock import SystemClock
from workers.core.errors import Dropped, Rejected, Retryable, Unreachable
from workers.core.record import Decoded
from workers.core.worker import WireFormat, WorkerSpec
from workers.engine.batch.decode import decode_batch
from workers.engine.deployment import Deployment, decoder_of
from workers.ops.dead_letters.letter import Letter
from workers.pipelines.fleet import FLEET


@dataclass(frozen=True, slots=True)
class DryRun:
    """A worker's decoder and rules, under the schemas of today. It has no encoder for change events of Debezium."""

    spec: WorkerSpec[Any, Any]
    decoder: AvroCodec
    encoder: AvroEncoder | None = None

    async def faults(self, letters: Sequence[Letter]) -> list[Rejected | None]:
        """Return why each letter would be rejected before the graph. Raises ``Unreachable``.

        What the fold or Neo4j would reject is not found: that depends on the graph.
        """
        records = [letter.record for letter in letters]
        try:
            await self.decoder.prepare(records)
            for preparation in self.spec.preparations:
                await preparation.prepare(records)
        except Retryable as error:
            raise Unreachable(f"the schemas of these records cannot be read: {error}") from error
        batch = decode_batch(self.spec, self.decoder, SystemClock(), records)
        reasons = {id(record): reason for record, reason in batch.rejected}
        return [reasons.get(id(record)) for record in records]

    def decoded(self, letter: Letter) -> Decoded | None:
        """Return the decoded value; ``None`` where it cannot be decoded. Call ``faults`` before.

        What the worker's schema cannot read, such as a new enum symbol, is in the shape of its writer's.
        """
        for decode in (self.decoder.decode, self.decoder.decode_as_written):
            with suppress(Rejected, Dropped):
                return decode(letter.record)
        return None


@asynccontextmanager
async def dry_run(settings: Settings, topology: Topology, source: str) -> AsyncIterator[DryRun | None]:
    """Yield a dry run of the worker that reads a topic; ``None`` where no worker does."""
    names = [name for name, options in topology.workers.items() if options.topic == source and name in FLEET]
    if not names:
        yield None
        return
    deployment = Deployment(FLEET[names[0]], settings, topology)
    registry = SchemaRegistry(settings.schema_registry)
    try:
        own = deployment.factory.wire_format is not WireFormat.DEBEZIUM
        encoder = AvroEncoder(registry, load_reader_schemas(deployment.schemas)) if own else None
        yield DryRun(deployment.spec, decoder_of(registry, deployment), encoder)
    finally:
        await registry.aclose()
