"""The state of one model: its row as it counts, its terms by time, versions, capabilities, and what lost a conflict."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workers.pipelines.registry.capabilities import Capabilities
from workers.pipelines.registry.details import Details
from workers.pipelines.registry.limits import MAX_HISTORY
from workers.pipelines.registry.model import UNSENT, Position, Text, Untold
from workers.pipelines.registry.terms import TermsByTime


class Version(NamedTuple):
    """What is known of a row of ``model_versions``; times in epoch milliseconds, of its changelog the digest."""

    position: Position
    released_at: int | None = None
    deprecated_at: int | None = None
    deleted_at: int | None = None
    changelog: str | None = None


@dataclass(slots=True)
class ModelState:
    """A model. ``details`` is ``None`` as long as only rows of other tables have told of it.

    ``latest``      the row as the log told it last, won or lost: what an update does not send is unchanged of this
    ``deleted_at``  epoch milliseconds, while its row is deleted
    ``history``     what lost a conflict, as JSON texts, the latest last

    The rest are marks. ``changed``: the Model, or what it can do, is another than in the graph. ``told`` has each
    version whose row has changed, with its changelog where that was sent; ``metadata`` is the model's likewise. What
    ``versions_named`` and ``capabilities_named`` have becomes a node, although a later change of the batch may no
    longer name it: what the graph comes to must not depend on where batches end.
    """

    model_id: str
    position: Position | None = None
    details: Details | None = None
    latest: Details | None = None
    deleted_at: int | None = None
    terms: TermsByTime = field(default_factory=TermsByTime)
    versions: dict[str, Version] = field(default_factory=dict)
    capabilities: Capabilities = field(default_factory=Capabilities)
    history: list[str] = field(default_factory=list)

    changed: bool = False
    told: dict[str, Text | Untold | None] = field(default_factory=dict)
    metadata: str | Untold | None = UNSENT
    versions_named: set[str] = field(default_factory=set)
    capabilities_named: set[str] = field(default_factory=set)

    def remember(self, lost: str) -> None:
        """Add to the history what lost a conflict."""
        self.history = [*self.history, lost][-MAX_HISTORY:]
        self.changed = True

    def dump(self) -> list[Any]:
        """Return plain values, for JSON."""
        position, details = self.position and [*self.position], self.details and self.details.dump()
        latest = None if self.latest is None or self.latest == self.details else self.latest.dump()
        versions = {name: [[*version.position], *version[1:]] for name, version in self.versions.items()}
        parts = [self.terms.dump(), versions, self.capabilities.dump()]
        return [self.model_id, position, details, latest, self.deleted_at, *parts, self.history]

    @classmethod
    def load(cls, dumped: list[Any]) -> "ModelState":
        """The inverse of ``dump``, without marks."""
        model_id, position, details, latest, deleted_at, terms, versions, capabilities, history = dumped
        return cls(
            model_id,
            position and Position(*position),
            details and Details.load(details),
            (latest or details) and Details.load(latest or details),
            deleted_at,
            TermsByTime.load(terms),
            {name: Version(Position(*known[0]), *known[1:]) for name, known in versions.items()},
            Capabilities.load(capabilities),
            history,
        )
