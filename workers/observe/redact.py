"""Remove what must never be logged: secrets, and the text of prompts and completions."""

import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from pydantic import BaseModel
from structlog.types import EventDict, WrappedLogger

PLAINTEXT_KEYS = frozenset({"prompt", "completion", "prompts", "completions", "content", "plaintext"})
"""Keys that may hold the text of a record."""

SECRET_KEY = re.compile(
    r"(^|[_.-])(password|passwd|passphrase|secret|token|api_?key|private_?key|credentials?|authorization|cookie)$",
    re.IGNORECASE,
)
"""Keys whose last word names a secret; ``prompt_tokens`` and ``token_count`` are numbers and stay."""

SECRET_IN_TEXT = (
    (
        re.compile(
            r"(?i)\b((?:[\w.-]*[_.-])?(?:password|passwd|secret|token|api[_-]?key)[\"']?\s*[=:]\s*)[^\s,;&)}\]]+"
        ),
        r"\1***",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/._~-]{8,}=*"), r"\1 ***"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+@"), r"\1***@"),
)
"""Secrets in messages and tracebacks: assignments, HTTP authorisation, addresses with a password."""

MAX_TEXT = 8_192
"""Characters kept of one text: a 10 MB field quoted in an error must not become a 10 MB line."""


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop keys that name a secret or plaintext, at any depth, and mask secrets inside texts (structlog processor)."""
    return {key: _clean(value) for key, value in event.items() if not _is_hidden(key)}


def _is_hidden(key: object) -> bool:
    return isinstance(key, str) and (key.lower() in PLAINTEXT_KEYS or SECRET_KEY.search(key) is not None)


def _clean(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items() if not _is_hidden(key)}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"  # a record's key or value, never to be shown
    if is_dataclass(value) or isinstance(value, BaseModel):
        return f"<{type(value).__name__}>"  # an event or a record: its repr would show every field
    return _clean_text(str(value))


def _clean_text(text: str) -> str:
    if len(text) > MAX_TEXT:
        text = f"{text[: MAX_TEXT // 2]}… ({len(text)} characters) …{text[-MAX_TEXT // 2 :]}"
    for pattern, masked in SECRET_IN_TEXT:
        text = pattern.sub(masked, text)
    return text
