"""Valid rows, of which tests make one column invalid."""

from collections.abc import Callable
from typing import Any

from tests.model.registry_source import Change, change
from workers.core.record import Decoded
from workers.pipelines.registry.events import Event
from workers.pipelines.registry.options import Accept
from workers.pipelines.registry.read.change_event import check_key, parser

ROWS: dict[str, dict[str, Any]] = {
    "models": {
        "model_id": "gpt-4-turbo",
        "version": "2024-04-09",
        "provider": "openai",
        "context_window": 128_000,
        "training_cutoff": 19_692,
        "cost_per_1k_tokens": '{"input": 0.01, "output": 0.030, "cached_input": 5e-3}',
        "effective_from": "2024-04-09T00:00:00Z",
        "deprecated": False,
        "metadata": '{"aliases": ["gpt-4-t"], "name": "GPT-4 Turbo", "vector_clock": {"eu": 2, "us": 1}}',
        "updated_at": "2024-04-09T10:11:12.123456Z",
    },
    "model_versions": {
        "model_id": "gpt-4-turbo",
        "version": "20240409",
        "released_at": "2024-04-09T00:00:00Z",
        "deprecated_at": None,
        "changelog": "Initial release",
    },
    "schemas": {
        "schema_id": "tool-calling-v1",
        "version": "1.0.0",
        "json_schema": '{"type": "object", "properties": {"city": {"type": "string"}}}',
        "compatible_models": ["gpt-4", "claude-3", "gpt-4"],
        "published_at": "2024-04-09T00:00:00+02:00",
    },
    "capabilities": {"model_id": "gpt-4-turbo", "capability": "vision", "added_at": "2024-04-09T00:00:00Z"},
}
PARSE = parser(Accept())


def row_change(table: str = "models", operation: str = "u", **changed: Any) -> Change:
    """Return the change event of a good row, some of its columns changed."""
    return change(table, operation, ROWS[table] | changed)


def parsed(
    sent: Change, parse: Callable[[Decoded, int], Event] = PARSE, record_name: str = "registry.public.models.Envelope"
) -> Event:
    """Parse a change event, and check the key of its record."""
    event = parse(Decoded(record_name, sent.fields), 0)
    check_key(event, sent.key)
    return event
