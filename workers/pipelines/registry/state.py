"""The worker's state: what is known of one model or of one schema, and what was observed while it was folded."""

from dataclasses import dataclass, field

import orjson

from workers.core.observation import Observation
from workers.pipelines.registry.model import Event, SchemaGone, SchemaRow
from workers.pipelines.registry.model_state import ModelState
from workers.pipelines.registry.schema_state import SchemaState

Subject = ModelState | SchemaState


@dataclass(slots=True)
class RegistryState:
    """Nothing at first; ``about`` is made by the first event. ``observed`` are marks, no part of what is dumped."""

    about: Subject | None = None
    observed: list[Observation] = field(default_factory=list)

    def dump(self) -> bytes:
        """Return what is to be remembered, as JSON."""
        kind = "schema" if isinstance(self.about, SchemaState) else "model"
        return orjson.dumps([kind, self.about.dump() if self.about else None])

    @classmethod
    def load(cls, dumped: bytes) -> "RegistryState":
        """The inverse of ``dump``."""
        kind, about = orjson.loads(dumped)
        if about is None:
            return cls()
        return cls(SchemaState.load(about) if kind == "schema" else ModelState.load(about))


def state_key(event: Event) -> str:
    """Name the state that an event folds into: ``model/<model_id>`` or ``schema/<schema_id>``."""
    kind = "schema" if isinstance(event.change, SchemaRow | SchemaGone) else "model"
    return f"{kind}/{event.change[0]}"
