"""When a change of a key of ``topology.yaml`` takes effect: each key is marked with it, and the marks decide."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar

from pydantic import GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

from workers.config.block import Block

T = TypeVar("T")
BlockT = TypeVar("BlockT", bound=Block)


class TakesEffect(StrEnum):
    """When a changed value counts; ``x-takes-effect`` in the JSON Schema.

    ``LIVE``     at once, in a process that runs
    ``RESTART``  in a process that starts afterwards
    ``APPLY``    when `memory-graph topology apply` has changed Kafka
    """

    LIVE = "live"
    RESTART = "restart"
    APPLY = "apply"

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core_schema), "x-takes-effect": self.value}


Now: TypeAlias = Callable[[], T]
"""Returns a value as it is now: what reads an option by it at each use follows its changes."""

Live = Annotated[T, TakesEffect.LIVE]
Restart = Annotated[T, TakesEffect.RESTART]
Apply = Annotated[T, TakesEffect.APPLY]


def takes_effect(field: FieldInfo) -> TakesEffect:
    """Return the mark of a field. Raises ``LookupError`` for a field without one: a bug."""
    for each in field.metadata:
        if isinstance(each, TakesEffect):
            return each
    raise LookupError(f"{field!r} is not marked: use Live[…], Restart[…] or Apply[…] as its type")


class Change(NamedTuple):
    """A key with another value; ``None`` stands for a key that is not there."""

    path: tuple[str, ...]
    before: Any
    after: Any
    takes_effect: TakesEffect

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}: {_shown(self.before)} → {_shown(self.after)}"


def changes(before: Block, after: Block, path: tuple[str, ...] = ()) -> Iterator[Change]:
    """Compare two blocks of one model, key by key."""
    for name, field in type(before).model_fields.items():
        old, new, here = getattr(before, name), getattr(after, name), (*path, name)
        if isinstance(old, Block) and isinstance(new, Block):
            yield from changes(old, new, here)
        elif old != new:
            yield Change(here, old, new, takes_effect(field))


def with_live_changes(before: BlockT, after: BlockT) -> BlockT:
    """Return ``before`` with the values of ``after`` under the keys that change live."""
    taken: dict[str, Any] = {}
    for name, field in type(before).model_fields.items():
        old, new = getattr(before, name), getattr(after, name)
        if isinstance(old, Block) and isinstance(new, Block):
            taken[name] = with_live_changes(old, new)
        elif old != new and takes_effect(field) is TakesEffect.LIVE:
            taken[name] = new
    return before.model_copy(update=taken)


def _shown(value: Any) -> str:
    return "none" if value is None else str(value.model_dump() if isinstance(value, Block) else value)
