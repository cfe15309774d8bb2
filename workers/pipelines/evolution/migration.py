"""A migration as it is remembered: all that its node says."""

from typing import Any, NamedTuple

from workers.pipelines.evolution.states import ENDED, ChangeClass, State


class Migration(NamedTuple):
    """One schema's way to one version. Times are epoch milliseconds; ``from_version`` is what was current before.

    ``why`` is the reason of its class, ``decided_why`` that of the decision to go on or not, ``rolled_back_why`` what
    was found wrong.
    """

    state: State
    version: str
    hash: str
    from_version: str | None
    change_class: ChangeClass
    why: str
    compatible_models: tuple[str, ...]
    published_at: int | None
    validated_at: int
    scheduled_at: int | None = None
    decided_at: int | None = None
    decided_by: str | None = None
    decided_why: str | None = None
    executed_at: int | None = None
    verified_at: int | None = None
    rolled_back_at: int | None = None
    rolled_back_why: str | None = None
    confirmed_at: int | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.state in ENDED

    @classmethod
    def load(cls, dumped: list[Any]) -> "Migration":
        """The inverse of ``list``, through JSON."""
        state, version, hash_, from_version, change_class, why, models, *rest = dumped
        return cls(State(state), version, hash_, from_version, ChangeClass(change_class), why, tuple(models), *rest)
