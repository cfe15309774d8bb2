from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from workers.adapters.registry_api.answer import LONGEST_WAIT_SECONDS, answered, retry_after
from workers.core.errors import RequestRejected, Retryable

REQUEST = "POST /api/v1/registry/models/m/usage-stats"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_success_gives_its_text(status: int) -> None:
    assert answered(REQUEST, status, {}, b"{}") == b"{}"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with pytest.raises(Retryable, match=f"{REQUEST} with {status}"):
        answered(REQUEST, status, {}, b"")


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (301, "REGISTRY_API_URL"),
        (400, "says of this request"),
        (401, "REGISTRY_API_TOKEN"),
        (403, "the right"),
        (404, "to the registry"),
        (409, "idempotency"),
        (422, "says of this request"),
        (499, "says of this request"),
    ],
)
def test_what_cannot_succeed_names_request_answer_and_fix(status: int, fix: str) -> None:
    with pytest.raises(RequestRejected, match=f"{REQUEST} with {status}: .*{fix}.*no such model"):
        answered(REQUEST, status, {}, b"no such model" + b"!" * 10_000)


def test_a_long_answer_is_cut() -> None:
    with pytest.raises(RequestRejected) as caught:
        answered(REQUEST, 400, {}, "ä".encode() * 10_000)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("", 0), ("7", 7), ("-7", 0), ("soon", 0), ("1e9", 0), ("٣", 3), ("999999", LONGEST_WAIT_SECONDS)],
)
def test_an_api_may_ask_to_be_left_alone_for_an_hour_at_most(value: str, seconds: float) -> None:
    assert retry_after(value) == seconds
    with pytest.raises(Retryable) as caught:
        answered(REQUEST, 503, {"Retry-After": value}, b"")
    assert caught.value.after_seconds == seconds


def test_it_may_also_name_a_time() -> None:
    now = datetime.now(UTC)
    assert 50 < retry_after(format_datetime(now + timedelta(seconds=60), usegmt=True)) <= 60
    assert retry_after(format_datetime(now - timedelta(days=1), usegmt=True)) == 0
