"""Marks on texts that this batch must write: they are not kept, so that a mark has the text itself."""

from workers.pipelines.registry.model import UNSENT, Text, Untold


def mark_told(told: dict[str, Text | Untold | None], name: str, sent: Text | Untold | None) -> None:
    """Mark what has changed; a text that was sent earlier in the batch is not undone by one that was not sent."""
    if sent is not UNSENT or name not in told:
        told[name] = sent
