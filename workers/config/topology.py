"""``topology.yaml``: the only list of topics and workers, with all their options."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import Field, PrivateAttr, SerializeAsAny, ValidationError, create_model

from workers.config.block import Block
from workers.config.cross_checks import cross_faults
from workers.config.located_yaml import LocatedDocument, read_located
from workers.config.takes_effect import Change, Restart, TakesEffect, changes, takes_effect
from workers.config.topics import TopicName, TopicSpec, dead_letter_topic
from workers.config.topology_faults import Fault, faults_of, listed_faults
from workers.config.worker_options import WorkerDefaults, WorkerOptions
from workers.core.errors import Misconfigured

BlockT = TypeVar("BlockT", bound=Block)
OptionModels = Mapping[str, type[WorkerOptions]]
"""The model of each worker's entry, by the worker's name."""


class Topology(Block):
    """The whole file, resolved: a worker's own options, completed with those of ``defaults``."""

    schemas: Restart[str] = Field(
        default="schemas/avro", description="Folder of the Avro schemas, relative to this file."
    )
    replication_factor: Restart[int] = Field(default=1, ge=1, le=32_767, description="Copies of each partition.")
    defaults: WorkerDefaults = WorkerDefaults()
    topics: dict[TopicName, TopicSpec] = Field(min_length=1)
    workers: dict[str, SerializeAsAny[WorkerOptions]] = Field(min_length=1)
    _source: "Source" = PrivateAttr()

    @property
    def schemas_folder(self) -> Path:
        """Return the folder of the Avro schemas as a path that can be opened."""
        return self._source.path.parent / self.schemas

    @property
    def source(self) -> "Source":
        """Return the file that this was read from."""
        return self._source

    @property
    def all_topics(self) -> dict[str, TopicSpec]:
        """Return every topic that must exist: each topic of the file, and its dead-letter topic."""
        return {
            name: spec
            for topic, source in self.topics.items()
            for name, spec in ((topic, source), (dead_letter_topic(topic), source.dead_letters))
        }


class Source(NamedTuple):
    """Where a topology comes from: the file, the models it was checked with, the digest of its content."""

    path: Path
    models: OptionModels
    digest: str

    def read_again(self) -> Topology:
        """Read and check the file as it is now. Raises ``Misconfigured`` with every fault and its line."""
        return read_topology(self.path, self.models)


def read_topology(path: Path, models: OptionModels) -> Topology:
    """Read, resolve and check ``topology.yaml``. Raises ``Misconfigured`` with every fault and its line.

    ``models`` has the option model of each worker there is. With no models at all, any worker may have an entry.
    """
    return checked_topology(path, read_located(path), models)


def checked_topology(path: Path, document: LocatedDocument, models: OptionModels) -> Topology:
    """Resolve and check a document that was read from ``path``. Raises as ``read_topology`` does."""
    values = inherit(document.values)
    faults: list[Fault] = []
    topics = _each_valid(values.get("topics"), {}, TopicSpec, [])
    workers = _each_valid(values.get("workers"), models, WorkerOptions, faults, document)
    valid = {name: worker for name, worker in workers.items() if worker}
    faults += cross_faults(values, topics, valid, models)
    try:
        topology = Topology.model_validate(values | ({"workers": valid} if workers else {}))
    except ValidationError as error:
        found = faults_of(Topology, error, document)
        # Without any valid worker, each one has faults of its own already.
        faults += found if valid or not workers else [fault for fault in found if fault.path != ("workers",)]
    if faults:
        raise Misconfigured(listed_faults(path, document, faults))
    topology._source = Source(path, models, document.digest)  # noqa: SLF001 - our own attribute, set only here, because it is no key of the file
    return topology


def topology_changes(before: Topology, after: Topology) -> Iterator[Change]:
    """Compare what is not of one worker: schemas, replication factor, topics."""
    for name in ("schemas", "replication_factor"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Change((name,), old, new, takes_effect(Topology.model_fields[name]))
    for topic in before.topics | after.topics:
        was, becomes = before.topics.get(topic), after.topics.get(topic)
        if was and becomes:
            yield from changes(was, becomes, ("topics", topic))
        else:
            yield Change(("topics", topic), was, becomes, TakesEffect.APPLY)


def topology_schema(models: OptionModels) -> dict[str, Any]:
    """Return the JSON Schema of the file, with the options of each worker."""
    fields: dict[str, Any] = {name: (model | None, None) for name, model in models.items()}
    workers = create_model("Workers", __base__=Block, **fields)
    file = create_model("Topology", __base__=Topology, workers=(workers, ...))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **file.model_json_schema()}


def _each_valid(
    values: Any,
    models: Mapping[str, type[BlockT]],
    default: type[BlockT],
    faults: list[Fault],
    document: LocatedDocument | None = None,
) -> dict[str, BlockT | None]:
    """Validate each entry by itself, so that the faults of one do not hide those between others."""
    entries: dict[str, BlockT | None] = {}
    for name, value in values.items() if isinstance(values, dict) else ():
        model = models.get(name, default)
        try:
            entries[name] = model.model_validate(value)
        except ValidationError as error:
            entries[name] = None
            if document is not None:
                faults += faults_of(model, error, document, ("workers", name))
    return entries


def inherit(values: Mapping[str, Any]) -> dict[str, Any]:
    """Complete each worker's entry with ``defaults``. Values that are no mapping are left to validation."""
    defaults, workers = values.get("defaults"), values.get("workers")
    if not isinstance(defaults, dict) or not isinstance(workers, dict):
        return dict(values)
    return {**values, "workers": {name: overlay(defaults, worker) for name, worker in workers.items()}}


def overlay(below: Any, above: Any) -> Any:
    """Merge two trees; where both have a leaf, the one of ``above`` counts."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{key: overlay(below.get(key), value) for key, value in above.items()}}
