"""How changes are merged and what is accepted: ``merge`` and ``accept`` of ``topology.yaml``, read for the worker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Merge:
    """What happens where changes meet (source document, 2.3.2 and 2.7).

    ``insert_only``         a known model's later rows are left out
    ``first_wins``          of concurrent writes of a model the known one stays, else the later one counts
    ``mirror_versions``     a version whose row was deleted is no longer its model's, else it stays, marked
    ``table_wins``          capabilities that only the metadata list count only for models that the table has none of
    ``flag_deprecated``     a model carries the registry's flag
    ``grace_days``          days from a model's deletion until it may be purged
    """

    insert_only: bool = False
    first_wins: bool = False
    mirror_versions: bool = False
    table_wins: bool = False
    flag_deprecated: bool = True
    grace_days: int = 30


@dataclass(frozen=True, slots=True)
class Accept:
    """What a row of ``models`` must be like, beyond its types (source document, Appendix A). No names: any."""

    providers: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    model_id_pattern: str = r"^[A-Za-z0-9._:/@+~ -]+$"
    version_pattern: str = r"^\d{4}-\d{2}-\d{2}$"
    min_context_window: int = 1
    required: tuple[str, ...] = ("provider",)


@dataclass(frozen=True, slots=True)
class Usage:
    """How the use of models is counted and told; times in milliseconds.

    ``topic``          where it is told where no API is configured
    ``late_ms``        how long after its end a window is counted first
    ``restate_ms``     how long after that it is counted again
    ``top_use_cases``  how many of them are named
    """

    topic: str
    window_ms: int
    late_ms: int
    restate_ms: int
    top_use_cases: int
    every_seconds: int


@dataclass(frozen=True, slots=True)
class Policy:
    """All that may be configured. Without ``usage``, none is counted."""

    merge: Merge = field(default_factory=Merge)
    accept: Accept = field(default_factory=Accept)
    usage: Usage | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Policy":
        """Read the worker's own blocks, which have been checked; one that is not there is the default."""
        accept: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in options.get("accept", {}).items()
        }
        return cls(_merge(options.get("merge", {})), Accept(**accept), _usage(options.get("usage")))


def _usage(said: Mapping[str, Any] | None) -> Usage | None:
    if said is None:
        return None
    return Usage(
        topic=said["topic"],
        window_ms=said["window_minutes"] * 60_000,
        late_ms=said["late_minutes"] * 60_000,
        restate_ms=said["restate_hours"] * 3_600_000,
        top_use_cases=said["top_use_cases"],
        every_seconds=said["every_seconds"],
    )


def _merge(said: Mapping[str, Mapping[str, Any]]) -> Merge:
    def says(block: str, name: str, value: str) -> bool:
        return said.get(block, {}).get(name) == value

    return Merge(
        insert_only=says("model_metadata", "strategy", "insert_only"),
        first_wins=says("model_metadata", "conflict_resolution", "first_wins"),
        mirror_versions=says("version_info", "strategy", "mirror"),
        table_wins=says("capabilities", "conflict_resolution", "table_wins"),
        flag_deprecated=not says("deprecated_models", "action", "ignore"),
        grace_days=said.get("deleted_models", {}).get("grace_days", Merge().grace_days),
    )
