"""The events of the log of decisions. Times are epoch milliseconds."""

from typing import NamedTuple, TypeAlias

from workers.pipelines.evolution.states import ChangeClass


class Published(NamedTuple):
    """A version without a migration was found, and compared with the current one (``None``: there is none).

    ``hash`` is the SHA-256 of its JSON Schema, ``published_at`` the registry's time.
    """

    version: str
    hash: str
    against_version: str | None
    change_class: ChangeClass
    why: str
    compatible_models: tuple[str, ...]
    published_at: int | None


class Decided(NamedTuple):
    """A person, or this worker, has approved or rejected it."""

    approved: bool
    by: str
    why: str


class Due(NamedTuple):
    """A forward change has waited long enough, or all its models are known."""

    why: str


class Executed(NamedTuple):
    """No obstacle is left: folding this event executes the migration."""


class Verified(NamedTuple):
    """The graph is correct after the migration."""


class RolledBack(NamedTuple):
    """The graph is not correct: folding this event restores the former version."""

    why: str


class Confirmed(NamedTuple):
    """The registry has got the confirmation."""


Change: TypeAlias = Published | Decided | Due | Executed | Verified | RolledBack | Confirmed


class Event(NamedTuple):
    """An event of a migration, and its time."""

    event_type: str
    migration_id: str
    schema_id: str
    at: int
    change: Change
