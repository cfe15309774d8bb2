"""``topology.yaml``: the only list of topics, workers and tunables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, PrivateAttr, ValidationError

from workers.config.block import Tunables
from workers.config.cross_checks import cross_faults
from workers.config.located_yaml import LocatedDocument, read_located
from workers.config.topics import TopicName, TopicSpec, dead_letter_topic
from workers.config.topology_faults import Fault, faults_of
from workers.config.tuning import WorkerDefaults, WorkerTuning
from workers.core.errors import Misconfigured

TunablesT = TypeVar("TunablesT", bound=Tunables)


class Topology(Tunables):
    """The whole file, resolved: every worker has what it says itself, else what ``defaults`` says."""

    schemas: str = Field(default="schemas/avro", description="Folder of the Avro schemas, relative to this file.")
    replication_factor: int = Field(default=1, ge=1, le=32_767, description="Copies of each partition.")
    defaults: WorkerDefaults = WorkerDefaults()
    topics: dict[TopicName, TopicSpec] = Field(min_length=1)
    workers: dict[str, WorkerTuning] = Field(min_length=1)
    _folder: Path = PrivateAttr(default=Path())

    @property
    def schemas_folder(self) -> Path:
        """Where the Avro schemas are, as a path that can be opened."""
        return self._folder / self.schemas

    @property
    def all_topics(self) -> dict[str, TopicSpec]:
        """Every topic that must exist: each one of the file, and the one of its dead letters."""
        return {
            name: spec
            for topic, source in self.topics.items()
            for name, spec in ((topic, source), (dead_letter_topic(topic), source.dead_letters))
        }


def load_topology(path: Path) -> Topology:
    """Read, resolve and check ``topology.yaml``. Raises ``Misconfigured`` with every fault and its line."""
    return checked_topology(path, read_located(path))


def checked_topology(path: Path, document: LocatedDocument) -> Topology:
    """Do the same for a document that has been read from ``path``."""
    values = inherit(document.values)
    topics, workers = each_valid(TopicSpec, values.get("topics")), each_valid(WorkerTuning, values.get("workers"))
    faults = cross_faults(topics, {name: worker for name, worker in workers.items() if worker})
    try:
        topology = Topology.model_validate(values)
    except ValidationError as error:
        faults += faults_of(Topology, error, document)
    if faults:
        raise Misconfigured(worded(path, document, faults))
    topology._folder = path.parent  # noqa: SLF001 - our own, set once here as no key of the file
    return topology


def each_valid(model: type[TunablesT], values: Any) -> dict[str, TunablesT | None]:
    """Make what can be made of each entry, so that faults in one do not hide those between others."""
    entries: dict[str, TunablesT | None] = {}
    for name, value in values.items() if isinstance(values, dict) else ():
        try:
            entries[name] = model.model_validate(value)
        except ValidationError:
            entries[name] = None
    return entries


def worded(path: Path, document: LocatedDocument, faults: list[Fault]) -> str:
    """Give one line a fault, in the order of the file; above several, how many there are."""
    located = sorted({(document.line_of(fault.path), str(fault)) for fault in faults})
    lines = [f"{path}:{line}: {fault}" for line, fault in located]
    return "\n".join(lines if len(lines) == 1 else [f"{path} has {len(lines)} faults", *lines])


def inherit(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what each worker says over what ``defaults`` says; what is not a mapping is left to validation."""
    defaults, workers = values.get("defaults"), values.get("workers")
    if not isinstance(defaults, dict) or not isinstance(workers, dict):
        return dict(values)
    return {**values, "workers": {name: overlay(defaults, worker) for name, worker in workers.items()}}


def overlay(below: Any, above: Any) -> Any:
    """Merge two trees; where both have a leaf, ``above`` counts."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{key: overlay(below.get(key), value) for key, value in above.items()}}
