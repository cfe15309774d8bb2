"""The events of the log of decisions, frozen. Times are epoch milliseconds."""

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
    """Somebody, or this worker, has approved or rejected it."""

    approved: bool
    by: str
    why: str


class Due(NamedTuple):
    """A forward change has waited long enough, or every model that it names is known."""

    why: str


class Executed(NamedTuple):
    """Nothing is in its way: to fold it is to migrate."""


class Verified(NamedTuple):
    """The graph is as the migration should have left it."""


class RolledBack(NamedTuple):
    """The graph is not: to fold it is to restore what was before."""

    why: str


class Confirmed(NamedTuple):
    """The registry has been told."""


Change: TypeAlias = Published | Decided | Due | Executed | Verified | RolledBack | Confirmed


class Event(NamedTuple):
    """What has happened to a migration, and when."""

    event_type: str
    migration_id: str
    schema_id: str
    at: int
    change: Change
