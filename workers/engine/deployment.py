"""What one worker runs with: its settings, its topology, its decoder. Imports no Faust: commands use it, too."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.adapters.kafka.access.acls import Acl, worker_acls
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.config.worker_options import WorkerOptions
from workers.core.worker import WireFormat, WorkerFactory, WorkerSpec
from workers.engine.in_force import InForce
from workers.observe.tracing import Tracing, configure_tracing

GC_THRESHOLD = 100_000
"""Live objects before the collector runs: those of several batches, where Python's default is 700."""


@dataclass(frozen=True)
class Deployment:
    """One worker with the settings and the topology that it runs with."""

    factory: WorkerFactory[Any]
    settings: Settings
    topology: Topology

    @property
    def options(self) -> WorkerOptions:
        """Return the worker's entry of the topology."""
        return self.topology.workers[self.factory.name]

    @cached_property
    def spec(self) -> WorkerSpec[Any, Any]:
        """Return the worker, built with its options."""
        return self.build(self.options)

    def build(self, options: WorkerOptions) -> WorkerSpec[Any, Any]:
        """Build the worker with options."""
        return self.factory.build(options, has_api=self.settings.registry_api.url is not None)

    @cached_property
    def in_force(self) -> InForce:
        """Return the options that count, which begin as those of the topology."""
        return InForce(self.options, self.spec)

    @property
    def acls(self) -> Sequence[Acl]:
        """Return what Kafka must allow it."""
        return worker_acls(self.options, self.factory.publishes(self.options))

    @property
    def schemas(self) -> Path:
        """Return the folder of the worker's Avro schemas."""
        return self.topology.schemas_folder / self.factory.name

    @cached_property
    def tracing(self) -> Tracing:
        """Return the process's one tracing; ``compose`` shuts it down."""
        return configure_tracing(self.settings.otel)


def decoder_of(registry: SchemaRegistry, deployment: Deployment) -> AvroCodec:
    """Return the decoder of a worker's records."""
    if deployment.factory.wire_format is WireFormat.DEBEZIUM:
        return AvroCodec(registry, {}, change_events=True)
    return AvroCodec(registry, load_reader_schemas(deployment.schemas))


def configure_garbage_collector() -> None:
    """Run the collector seldom, and only over new objects: events have no reference cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
