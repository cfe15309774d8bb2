"""What an answer of the registry's API means: done, try again later, or never as it is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from workers.core.errors import RequestRejected, Retryable

PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
FIXES: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "set REGISTRY_API_TOKEN to a token that it accepts",
    HTTPStatus.FORBIDDEN: "give the token of REGISTRY_API_TOKEN the right to do this",
    HTTPStatus.NOT_FOUND: "add what the path names to the registry, or check REGISTRY_API_URL",
    HTTPStatus.CONFLICT: "see what the registry has under this idempotency key",
}
ANY_FIX = "see what the registry says of this request"
MOVED = "set REGISTRY_API_URL to where it is now"
LONGEST_WAIT_SECONDS = 3_600.0
"""No API is left alone for longer, whatever it asks for."""
SHOWN_CHARACTERS = 200


def answered(request: str, status: int, headers: Mapping[str, str], text: bytes) -> bytes:
    """Return the text of an answer that is a success. Raises ``Retryable`` and ``RequestRejected``.

    ``request`` is its method and path, for the message.
    """
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return text
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in PASSING:
        after = retry_after(headers.get("Retry-After", ""))
        raise Retryable(f"the registry's API answers {request} with {status}", after)
    fix = MOVED if status < HTTPStatus.BAD_REQUEST else FIXES.get(status, ANY_FIX)
    shown = text[: SHOWN_CHARACTERS * 4].decode(errors="replace")[:SHOWN_CHARACTERS]
    raise RequestRejected(f"the registry's API answers {request} with {status}: {fix} ({shown!r})")


def retry_after(value: str) -> float:
    """Read the header: seconds, or a date; 0 where it says nothing that can be read."""
    try:
        seconds = float(value) if value.strip().isdecimal() else _until(value)
    except (TypeError, ValueError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)


def _until(date: str) -> float:
    at = parsedate_to_datetime(date)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
