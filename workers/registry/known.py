"""The worker's state: what is known of one model or of one schema, and what was observed while it was folded."""

from dataclasses import dataclass, field

import orjson

from workers.core.observation import Observation
from workers.registry.catalogued import Catalogued
from workers.registry.model import Event, SchemaGone, SchemaRow
from workers.registry.published import Published

Subject = Catalogued | Published


@dataclass(slots=True)
class Known:
    """Nothing at first; ``about`` is made by the first event. ``observed`` are marks, no part of what is dumped."""

    about: Subject | None = None
    observed: list[Observation] = field(default_factory=list)

    def dump(self) -> bytes:
        """Return what is to be remembered, as JSON."""
        kind = "schema" if isinstance(self.about, Published) else "model"
        return orjson.dumps([kind, self.about.dump() if self.about else None])

    @classmethod
    def load(cls, dumped: bytes) -> "Known":
        """The inverse of ``dump``."""
        kind, about = orjson.loads(dumped)
        if about is None:
            return cls()
        return cls(Published.load(about) if kind == "schema" else Catalogued.load(about))


def state_key(event: Event) -> str:
    """Name the state that an event folds into: ``model/<model_id>`` or ``schema/<schema_id>``."""
    kind = "schema" if isinstance(event.change, SchemaRow | SchemaGone) else "model"
    return f"{kind}/{event.change[0]}"
