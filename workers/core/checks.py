"""Checks of single values that all pipelines share. Each raises ``Rejected`` (VALIDATE) or returns nothing."""

from typing import NoReturn

from workers.core.errors import Rejected
from workers.core.stage import Stage

MAX_QUOTED = 80
WIDEST_CHARACTER = 4
"""Bytes of UTF-8."""


def reject(code: str, message: str) -> NoReturn:
    """Reject the record: raise ``Rejected`` (VALIDATE)."""
    raise Rejected(Stage.VALIDATE, code, message)


def quoted(value: object) -> str:
    """Return a value's repr, cut after 80 characters."""
    shown = repr(value)
    return shown if len(shown) <= MAX_QUOTED else f"{shown[:MAX_QUOTED]}…"


def described(key: bytes | None) -> str:
    """Say of a wrong key that it is null, empty, or how long it is: by mistake it may be a person, or a text."""
    return "null" if key is None else f"{len(key)} other bytes" if key else "empty"


def check_size(field: str, value: str, limit: int) -> None:
    """Check the size in UTF-8 bytes."""
    if len(value) * WIDEST_CHARACTER > limit:
        size = len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))
        if size > limit:
            reject("field.too_large", f"{field} has {size} bytes: send at most {limit}, keep the rest elsewhere")


def check_unicode(field: str, value: str) -> None:
    """Check for half surrogate pairs, which UTF-8 cannot encode. NUL is allowed, in Neo4j too."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            reject(
                "field.not_unicode",
                f"{field} holds half a surrogate pair at character {error.start}: cut texts between characters",
            )
