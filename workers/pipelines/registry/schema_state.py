"""The state of one schema: its versions, with the hash of each, and what lost a conflict."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workers.pipelines.registry.limits import MAX_HISTORY
from workers.pipelines.registry.model import Position, Text, Untold


class Publication(NamedTuple):
    """What is known of a row of ``schemas``; times in epoch milliseconds. ``hash`` is that of its JSON Schema."""

    position: Position
    hash: str | None = None
    compatible_models: tuple[str, ...] = ()
    published_at: int | None = None
    deleted_at: int | None = None
    history: tuple[str, ...] = ()

    def remember(self, lost: str) -> "Publication":
        """Add to the history what lost a conflict."""
        return self._replace(history=(*self.history, lost)[-MAX_HISTORY:])


@dataclass(slots=True)
class SchemaState:
    """A schema. The rest are marks.

    ``told`` has each version that has changed, with its JSON Schema where that was sent; ``models_named`` the models
    that any of them has named, for what the graph comes to must not depend on where batches end.
    """

    schema_id: str
    versions: dict[str, Publication] = field(default_factory=dict)
    told: dict[str, Text | Untold | None] = field(default_factory=dict)
    models_named: set[str] = field(default_factory=set)

    def dump(self) -> list[Any]:
        """Return plain values, for JSON."""
        return [self.schema_id, {name: [[*known.position], *known[1:]] for name, known in self.versions.items()}]

    @classmethod
    def load(cls, dumped: list[Any]) -> "SchemaState":
        """The inverse of ``dump``, without marks."""
        schema_id, versions = dumped
        return cls(schema_id, {name: _loaded(*known) for name, known in versions.items()})


def _loaded(position: list[Any], hash_: str | None, models: list[str], published_at: Any, *rest: Any) -> Publication:
    deleted_at, history = rest
    return Publication(Position(*position), hash_, tuple(models), published_at, deleted_at, tuple(history))
