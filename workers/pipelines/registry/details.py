"""A row of ``models`` as it counts, whole: columns that a change did not send have what was known of them."""

from typing import Any, NamedTuple

from workers.pipelines.registry.model import UNSENT, Metadata, ModelRow, Prices


class Details(NamedTuple):
    """What is known of a row; units as in ``ModelRow``."""

    version: str | None = None
    provider: str | None = None
    context_window: int | None = None
    training_cutoff: str | None = None
    prices: Prices = Prices()
    effective_from: int | None = None
    deprecated: bool = False
    metadata: Metadata = Metadata()
    updated_at: int | None = None

    def filled(self, row: ModelRow) -> "Details":
        """Return the row, with our values for columns that it did not send."""
        sent = row._asdict()
        return Details(*(ours if sent[column] is UNSENT else sent[column] for column, ours in self._asdict().items()))

    @property
    def since(self) -> int:
        """From when it holds, epoch milliseconds: where nothing says so, since ever."""
        if self.effective_from is not None:
            return self.effective_from
        return 0 if self.updated_at is None else self.updated_at // 1000

    def dump(self) -> list[Any]:
        """Return plain values, for JSON."""
        return [list(value) if isinstance(value, tuple) else value for value in self]

    @classmethod
    def load(cls, row: list[Any]) -> "Details":
        """The inverse of ``dump``."""
        *before, prices, effective_from, deprecated, told, updated_at = row
        name, aliases, capabilities, clock, digest = told
        listed = None if capabilities is None else tuple(capabilities)
        metadata = Metadata(name, tuple(aliases), listed, tuple((writer, count) for writer, count in clock), digest)
        return cls._make([*before, Prices(*prices), effective_from, deprecated, metadata, updated_at])
