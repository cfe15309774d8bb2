import io
import logging
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from workers.config.settings import LogFormat, LogSettings
from workers.core.record import ConsumedRecord
from workers.observe.log import configure_logging, get_logger
from workers.observe.redact import MAX_TEXT, redact

SECRET = "hunter2-and-more"


@pytest.fixture(params=[LogFormat.JSON, LogFormat.CONSOLE])
def stream(request: pytest.FixtureRequest) -> io.StringIO:
    written = io.StringIO()
    configure_logging(LogSettings(format=request.param), written)
    return written


@pytest.mark.parametrize(
    "key",
    [
        "prompt",
        "Completion",
        "content",
        "password",
        "NEO4J_PASSWORD",
        "sasl.password",
        "token",
        "vault_token",
        "access-token",
        "api_key",
        "apikey",
        "client_secret",
        "private_key",
        "Authorization",
        "credentials",
    ],
)
def test_secret_and_plaintext_keys_never_reach_a_log(stream: io.StringIO, key: str) -> None:
    log = get_logger("workers")
    log.info("top", **{key: SECRET})
    log.info("deep", event_fields={"a": [{key: SECRET, "kept": 1}]})
    logging.getLogger("library").warning("extra", extra={key: SECRET})

    assert SECRET not in stream.getvalue()
    assert "kept" in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        f"login failed for password={SECRET}",
        f"config {{'sasl.password': '{SECRET}', 'x': 1}}",
        f"VAULT_TOKEN={SECRET}",
        f"header Authorization: Bearer {SECRET}",
        f"cannot reach bolt://neo4j:{SECRET}@db:7687",
        f"GET https://user:{SECRET}@registry/subjects",
        f"api_key: {SECRET}",
    ],
)
def test_secrets_inside_messages_and_exceptions_are_masked(stream: io.StringIO, text: str) -> None:
    def fail() -> None:
        raise ValueError(text)

    log = get_logger("workers")
    log.warning(text)
    logging.getLogger("library").warning("%s", text)
    log.warning("with", error=ValueError(text))
    try:
        fail()
    except ValueError:
        log.exception("failed")

    assert SECRET not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_counts_of_tokens_are_no_secrets() -> None:
    numbers = {"token_count": 7, "prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}

    assert redact(None, "info", dict(numbers)) == numbers


def test_secret_values_and_records_show_nothing_of_themselves(stream: io.StringIO) -> None:
    @dataclass
    class Event:
        text: str

    record = ConsumedRecord("t", 0, 1, 2, SECRET.encode(), SECRET.encode())
    get_logger("workers").info(
        "oops", setting=SecretStr(SECRET), record=record, raw=SECRET.encode(), seen=Event(SECRET)
    )

    assert SECRET not in stream.getvalue()
    assert "<Event>" in stream.getvalue()
    assert f"<{len(SECRET)} bytes>" in stream.getvalue()


def test_a_huge_text_is_cut_in_its_middle() -> None:
    cleaned = redact(None, "info", {"event": "begin" + "x" * 10_000_000 + "end"})["event"]

    assert len(cleaned) < MAX_TEXT + 100
    assert cleaned.startswith("begin")
    assert cleaned.endswith("end")
