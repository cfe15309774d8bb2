"""The contents that the vault keeps: prompts and completions of the sampled calls."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from workers.dev.sample.records.sampled import INVOCATION, Sampled

IN_VAULT = frozenset({"confidential", "restricted", "pii"})
"""Classifications whose contents are kept in the vault."""


class Content(NamedTuple):
    """A prompt or a completion of a call; ``at`` is when it was written, in epoch milliseconds."""

    content_id: str
    classification: str
    user_id: str
    at: int
    size_bytes: int


def contents(records: Iterable[Sampled]) -> Iterator[Content]:
    """Yield the prompt of each call that starts and the completion of each that succeeds, if the vault keeps them."""
    for record in records:
        fields = record.fields
        if record.record_name != INVOCATION or fields["classification"] not in IN_VAULT:
            continue
        started = fields["event_type"] == "llm.invocation.start"
        if started or fields["event_type"] == "llm.invocation.complete":
            kind = "prompt" if started else "completion"
            tokens = fields.get("prompt_tokens" if started else "completion_tokens") or 0
            content_id = f"{kind}-{fields['trace_id']}-{fields['span_id']}"
            user = fields["user_id"] or "anonymous"
            yield Content(content_id, fields["classification"], user, fields["timestamp"], 4 * tokens)
