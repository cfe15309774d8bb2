"""Confluent's client of the schema registry with our login and TLS, and one sentence for each answer that is none."""

import base64
from collections.abc import Awaitable
from typing import Any, TypeVar

import httpx2
from confluent_kafka.schema_registry import AsyncSchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from workers.config.environment import current_secret
from workers.config.settings import SchemaRegistrySettings
from workers.config.settings_faults import without_credentials
from workers.config.tls.context import ClientContext, PemFile
from workers.config.tls.faults import tls_fault
from workers.core.errors import Retryable

NO_CODE = frozenset({None, -1})
"""What the client reports when the answer has no code of the registry, for example a web page."""
SERVER_ERRORS = 500
TURNED_AWAY = frozenset({401, 403})
OTHER_SHAPE = "empty, or JSON of another shape"
SHOWN_CHARACTERS = 160

ResultT = TypeVar("ResultT")


def open_client(settings: SchemaRegistrySettings, timeout_seconds: float) -> AsyncSchemaRegistryClient:
    """Return Confluent's client with our TLS context, and with the login as it is at each request.

    Raises ``Misconfigured`` for the file of an authority that cannot be used.
    """
    client = AsyncSchemaRegistryClient({"url": settings.url, "timeout": timeout_seconds, "max.retries": 0})
    rest: Any = client._rest_client  # noqa: SLF001 - it has no setting for a context, nor for a password that changes
    if settings.url.startswith("https:"):
        authority = PemFile("SCHEMA_REGISTRY_CAFILE", settings.cafile) if settings.cafile else None
        context = ClientContext(settings.tls_min_version, authority)
        rest.session = httpx2.AsyncClient(verify=context, timeout=timeout_seconds)
    if settings.username:
        rest.session.auth = CurrentLogin(settings)
    return client


class CurrentLogin:
    """Adds user and password to a request, as the password's file has it now."""

    def __init__(self, settings: SchemaRegistrySettings) -> None:
        self._settings = settings

    def __call__(self, request: httpx2.Request) -> httpx2.Request:
        password = current_secret("SCHEMA_REGISTRY_PASSWORD", self._settings.password)
        login = base64.b64encode(f"{self._settings.username}:{password}".encode()).decode()
        request.headers["Authorization"] = f"Basic {login}"
        return request


class Answers:
    """Awaits answers of one registry, and words those that are none."""

    def __init__(self, settings: SchemaRegistrySettings) -> None:
        self._where = f"the schema registry at {without_credentials(settings.url)}"
        self._who = (
            f"user {settings.username!r} with this password" if settings.username else "requests without a login"
        )

    async def of(self, request: Awaitable[ResultT]) -> ResultT:
        """Await an answer of the registry. Raises ``Retryable`` for any other answer, and for none."""
        try:
            return await request
        except SchemaRegistryError as error:
            if error.http_status_code in TURNED_AWAY:
                raise self._refused(error.http_status_code) from error
            if error.error_code not in NO_CODE:
                raise
            if error.http_status_code < SERVER_ERRORS:
                raise self.no_registry(f"HTTP status {error.http_status_code}") from error
            raise self._away(f"HTTP status {error.http_status_code}") from error
        except ValueError as error:
            raise self.no_registry("not JSON") from error
        except (KeyError, TypeError, AttributeError) as error:  # the client reads the answer without checking it
            raise self.no_registry(OTHER_SHAPE) from error
        except Exception as error:  # the client does not catch the errors of its HTTP library
            if fault := tls_fault(error, "SCHEMA_REGISTRY_URL", "SCHEMA_REGISTRY_CAFILE"):
                raise Retryable(f"{self._where} cannot be reached over TLS: {fault}") from error
            raise self._away(f"{type(error).__name__} {error}"[:SHOWN_CHARACTERS].strip()) from error

    def no_registry(self, reason: str) -> Retryable:
        """Return the error for an answer that no registry would make."""
        return Retryable(
            f"SCHEMA_REGISTRY_URL answers, but not as a schema registry does ({reason}): "
            "set it to a Confluent-compatible API, such as http://127.0.0.1:8081/apis/ccompat/v7"
        )

    def _refused(self, status: int) -> Retryable:
        fix = "set SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD (or SCHEMA_REGISTRY_PASSWORD_FILE)"
        return Retryable(f"{self._where} does not accept {self._who} (HTTP status {status}): {fix}")

    def _away(self, reason: str) -> Retryable:
        return Retryable(
            f"{self._where} does not answer ({' '.join(reason.split())}): start it, or check SCHEMA_REGISTRY_URL"
        )
