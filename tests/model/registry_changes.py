"""Random changes of a registry, including rare legal ones, and random repeated deliveries.

Not realistic: ids, times and prices are few, so that rows collide, and two writers often ignore each other's writes.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.model.registry_source import BEGINS, Change, Source, jsonb

VERSIONS = ("2024-01-01", "2024-06-01", "2025-01-01")
CAPABILITIES = ("chat", "vision", "tools")
MONTHS = ((2023, 9), (2023, 10), (2024, 1), (2024, 2), (2024, 3))
TIMES = (
    *(datetime(year, month, 1, tzinfo=UTC) + timedelta(microseconds=month) for year, month in MONTHS),
    *(datetime.fromtimestamp((BEGINS + at) / 1000, UTC) for at in (1_205, 1_505)),
)
"""Some are before all commits, two between them, the others after all of them."""
COSTS = (
    '{"input": 0.0100, "output": 3e-2}',
    '{"input": 0.01, "output": 0.03, "currency": "USD"}',
    '{"input": 0.01, "output": 0.03, "currency": "EUR"}',
    '{"input": 0, "output": 12, "reasoning": 1.5}',
    '{"input": 3e-3, "output": 0.015, "cached_input": 3e-4, "cache_write": 0.00375, "cache_write_1h": 0.0060}',
    '{"input": 0.01, "output": 0, "input_audio": 0.1, "output_audio": 0.20, "cached_audio": 2e-4, "per_request": 5e-3}',
    '{"input": 0.01, "output": 0, "input_image": 5e-3, "output_image": 0.04, "cached_image": 0.001, "per_request": 1}',
)
"""The second is the first one in other words."""
STEPS = (
    {"input": [{"above_tokens": 128_000, "per_1k_tokens": 0.02}]},
    {"output": [{"above_tokens": 200_000, "per_1k_tokens": 1.5}, {"above_tokens": 0, "per_1k_tokens": 0.5}]},
)
VARIANTS: tuple[dict[str, Any], ...] = (
    {"service_tier": "batch", "cost_per_1k_tokens": {"input": 0.0050, "cache_write": 2}},
    {"service_tier": "priority", "cost_per_1k_tokens": {"output": 1e-1}, "price_tiers": STEPS[0]},
    {"from": "16:30", "until": "00:30", "price_tiers": STEPS[1]},
    {"service_tier": "flex", "from": "00:30", "until": "08:30", "cost_per_1k_tokens": {"input_audio": 0}},
)
PROPERTIES = ({"type": "object"}, {"type": "object", "title": "weather"}, {"type": "array"})


class Registry:
    """Makes changes of a few models and schemas; every id contains ``name``."""

    def __init__(self, random: Random, name: str, models: int) -> None:
        self.random = random
        self.name = name
        self.source = Source()
        self.models = [f"{name}-m{number}" for number in range(models - 1)] + [f"{name}-m0@2024-06-01"]
        self.schemas = [f"{name}-s0", f"{name}-s0@1.0.0"]
        self.clocks: dict[str, dict[str, int]] = {}

    def change(self) -> None:
        """Make one random change."""
        chosen = self.random.choices(
            (
                *(self._put_model, self._put_version, self._put_capability, self._put_schema),
                *(self._delete, self._rename, self._snapshot),
            ),
            (8, 3, 5, 3, 4, 3, 0.3),
        )
        chosen[0]()

    def delivered(self) -> list[Change]:
        """Return the log as Kafka may hold it, with some events repeated."""
        log, sent, at = self.source.log, [], 0
        while at < len(log):
            sent.append(log[at])
            at += 1
            if self.random.random() < 0.1:
                at -= self.random.randint(1, min(at, 8))
        return sent

    def _put_model(self) -> None:
        model_id = self.random.choice(self.models)
        kind = self.models.index(model_id) % 3
        metadata: dict[str, Any] = {"aliases": [f"{model_id}-alias", f"{model_id}-alias"][: self.random.randint(0, 2)]}
        if self.random.random() < 0.5:
            metadata["name"] = "A model"
        if self.random.random() < 0.3:
            metadata["price_tiers"] = self.random.choice(STEPS)
        if self.random.random() < 0.3:
            metadata["price_variants"] = self.random.sample(VARIANTS, self.random.randint(0, 3))
        if kind:
            metadata["vector_clock"] = self._clock(model_id)
        if kind == 1 or self.random.random() < 0.3:
            metadata["capabilities"] = self._capabilities()
        unsent = ("cost_per_1k_tokens", "version") if kind else ("cost_per_1k_tokens", "metadata")
        known = self.source.rows.get(("models", (model_id,)))
        if known and not kind and self.random.random() < 0.5:
            metadata = {}
        row = {
            "model_id": model_id,
            "version": self.random.choice((*VERSIONS, None)),
            "provider": self.random.choice(("openai", "acme")),
            "context_window": self.random.choice((None, 8_000, 128_000)),
            "training_cutoff": self.random.choice((None, 19_000, -1)),
            "cost_per_1k_tokens": self.random.choice((None, *COSTS)),
            "effective_from": self._time(),
            "deprecated": self.random.random() < 0.3,
            "metadata": jsonb(metadata),
            "updated_at": self._time(),
        }
        if known and not metadata:
            row["metadata"] = known["metadata"]
        self.source.put("models", row, unsent if self.random.random() < 0.5 else ())

    def _clock(self, model_id: str) -> dict[str, int]:
        """Advance one writer's clock, possibly without the other's write."""
        writer = self.random.choice(("eu", "us"))
        seen = self.clocks.setdefault(model_id, {})
        own = {writer: seen.get(writer, 0) + self.random.choice((0, 1, 1, 1))}
        clock = (seen | own) if self.random.random() < 0.5 else own
        self.clocks[model_id] = seen | clock
        return clock

    def _put_version(self) -> None:
        self.source.put(
            "model_versions",
            {
                "model_id": self.random.choice(self.models),
                "version": self.random.choice((*VERSIONS, "2024-06-01@2025-01-01")),
                "released_at": self.random.choice((None, self._time())),
                "deprecated_at": self.random.choice((None, self._time())),
                "changelog": self.random.choice((None, "faster", "better")),
            },
            ("changelog",) if self.random.random() < 0.5 else (),
        )

    def _put_capability(self) -> None:
        names = {"model_id": self.random.choice(self.models), "capability": self._capability()}
        self.source.put("capabilities", names | {"added_at": self._time()})

    def _put_schema(self) -> None:
        self.source.put(
            "schemas",
            {
                "schema_id": self.random.choice(self.schemas),
                "version": self.random.choice(("1.1.0", "1.0.0@1.1.0")),
                "json_schema": jsonb(self.random.choice(PROPERTIES)),
                "compatible_models": self.random.choices([*self.models, f"{self.name}-stub"], k=2),
                "published_at": self._time(),
            },
            ("json_schema", "compatible_models") if self.random.random() < 0.5 else (),
        )

    def _delete(self) -> None:
        if self.source.rows:
            table, key = self.random.choice(list(self.source.rows))
            self.source.delete(table, *key)

    def _rename(self) -> None:
        if not self.source.rows:
            return
        table, (subject, *rest) = self.random.choice(list(self.source.rows))
        subjects = self.schemas if table == "schemas" else self.models
        other = self.random.choice(subjects) if self.random.random() < 0.3 else subject
        parts = {"model_versions": VERSIONS, "schemas": ("1.0.0", "1.1.0")}.get(table, (self._capability(),))
        new = (other, self.random.choice(parts)) if rest else (other,)
        self.source.rename(table, (subject, *rest), new)

    def _snapshot(self) -> None:
        self.source.snapshot()

    def _capability(self) -> str:
        return f"{self.name}-{self.random.choice(CAPABILITIES)}"

    def _capabilities(self) -> list[str]:
        return [self._capability() for _ in range(self.random.randint(0, 2))]

    def _time(self) -> str:
        return self.random.choice(TIMES).isoformat().replace("+00:00", "Z")
