"""The state of one model: its row, price periods, versions, capabilities, and what lost a conflict."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workers.pipelines.registry.events import UNSENT, Metadata, ModelRow, NotSent, Position, Prices, Text
from workers.pipelines.registry.fold.alias_periods import AliasPeriods
from workers.pipelines.registry.fold.capabilities import Capabilities
from workers.pipelines.registry.fold.price_periods import PricePeriods
from workers.pipelines.registry.limits import MAX_HISTORY


class ModelDetails(NamedTuple):
    """A complete row of ``models``; units as in ``ModelRow``."""

    version: str | None = None
    provider: str | None = None
    context_window: int | None = None
    training_cutoff: str | None = None
    prices: Prices = Prices()
    effective_from: int | None = None
    deprecated: bool = False
    metadata: Metadata = Metadata()
    updated_at: int | None = None

    def completed(self, row: ModelRow) -> "ModelDetails":
        """Return the row, with these values for the columns that it did not send."""
        sent = row._asdict()
        return ModelDetails(
            *(known if sent[column] is UNSENT else sent[column] for column, known in self._asdict().items())
        )

    @property
    def since(self) -> int:
        """Return the start of its validity, epoch milliseconds; 0 where the row does not say it."""
        if self.effective_from is not None:
            return self.effective_from
        return 0 if self.updated_at is None else self.updated_at // 1000

    def dump(self) -> list[Any]:
        """Return plain values for JSON, without marks."""
        return [list(value) if isinstance(value, tuple) else value for value in self]

    @classmethod
    def load(cls, row: list[Any]) -> "ModelDetails":
        """Return the details of dumped values."""
        *before, prices, effective_from, deprecated, metadata_values, updated_at = row
        name, aliases, capabilities, clock, *rest = metadata_values
        listed = None if capabilities is None else tuple(capabilities)
        metadata = Metadata(name, tuple(aliases), listed, tuple((writer, count) for writer, count in clock), *rest)
        return cls._make([*before, Prices(*prices), effective_from, deprecated, metadata, updated_at])


class Version(NamedTuple):
    """A row of ``model_versions``; times in epoch milliseconds; ``changelog`` is the digest of the changelog."""

    position: Position
    released_at: int | None = None
    deprecated_at: int | None = None
    deleted_at: int | None = None
    changelog: str | None = None


@dataclass(slots=True)
class ModelState:
    """A model. ``details`` is ``None`` until its own row has come.

    ``alias_periods``  its aliases by time
    ``deletions``   when its row was deleted, also before it came back, epoch milliseconds
    ``clock``       what the current row has seen, writers of lost rows included, as ``(writer, count)``
    ``latest``      the last row of the log, whether it won or lost: an update does not send its unchanged columns
    ``deleted_at``  epoch milliseconds, while its row is deleted
    ``history``     what lost a conflict, as JSON texts, the latest last

    The other fields mark changes of this batch:
    ``changed``           the Model or its capabilities differ from the graph
    ``changed_versions``  each changed version, with its changelog where that was sent
    ``metadata``          the metadata, where they were sent
    ``versions_named``, ``capabilities_named``  they become nodes, even if a later change of the batch no longer names
    them: the graph must not depend on where batches end
    """

    model_id: str
    position: Position | None = None
    details: ModelDetails | None = None
    latest: ModelDetails | None = None
    deleted_at: int | None = None
    price_periods: PricePeriods = field(default_factory=PricePeriods)
    versions: dict[str, Version] = field(default_factory=dict)
    capabilities: Capabilities = field(default_factory=Capabilities)
    history: list[str] = field(default_factory=list)
    clock: tuple[tuple[str, int], ...] = ()
    alias_periods: AliasPeriods = field(default_factory=AliasPeriods)
    deletions: list[int] = field(default_factory=list)

    changed: bool = False
    changed_versions: dict[str, Text | NotSent | None] = field(default_factory=dict)
    metadata: str | NotSent | None = UNSENT
    versions_named: set[str] = field(default_factory=set)
    capabilities_named: set[str] = field(default_factory=set)

    def add_history(self, lost: str) -> None:
        """Add an entry of what lost a conflict."""
        self.history = [*self.history, lost][-MAX_HISTORY:]
        self.changed = True

    def dump(self) -> list[Any]:
        """Return plain values for JSON, without marks."""
        position, details = self.position and [*self.position], self.details and self.details.dump()
        latest = None if self.latest is None or self.latest == self.details else self.latest.dump()
        versions = {name: [[*version.position], *version[1:]] for name, version in self.versions.items()}
        parts = [self.price_periods.dump(), versions, self.capabilities.dump()]
        later = [self.clock, self.alias_periods.dump(), self.deletions]
        return [self.model_id, position, details, latest, self.deleted_at, *parts, self.history, *later]

    @classmethod
    def load(cls, dumped: list[Any]) -> "ModelState":
        """Return the state of dumped values."""
        model_id, position, details, latest, deleted_at, terms, versions, capabilities, history, *later = dumped
        known = details and ModelDetails.load(details)
        clock, alias_periods, deletions = later or _of_earlier_versions(known, deleted_at)
        return cls(
            model_id,
            position and Position(*position),
            known,
            ModelDetails.load(latest) if latest else known,
            deleted_at,
            PricePeriods.load(terms),
            {name: Version(Position(*row[0]), *row[1:]) for name, row in versions.items()},
            Capabilities.load(capabilities),
            history,
            tuple((writer, count) for writer, count in clock),
            AliasPeriods.load(alias_periods),
            deletions,
        )


def _of_earlier_versions(known: ModelDetails | None, deleted_at: int | None) -> tuple[Any, Any, list[int]]:
    """Return clock, alias periods and deletions for a state that was stored before there were any."""
    if known is None:
        return (), (), []
    deletions = [] if deleted_at is None else [deleted_at]
    return known.metadata.clock, [(known.since, known.since, known.metadata.aliases)], deletions
