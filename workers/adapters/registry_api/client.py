"""The client of the registry's API: one attempt a request, and errors by what to do next."""

from collections.abc import Mapping
from typing import Any, Self

import aiohttp
import orjson

from workers.adapters.registry_api.answer import answered
from workers.config.environment import current_secret
from workers.config.settings import RegistryApiSettings
from workers.config.tls.context import ClientContext, PemFile
from workers.config.tls.faults import tls_fault
from workers.core.errors import RequestRejected, Retryable
from workers.core.one_line import one_line

TIMEOUT_SECONDS = 10.0
"""For a whole request: the next attempt may find the API quicker."""


class RegistryApi:
    """Sends JSON with the token as Bearer, follows no redirect, and shows the token to nobody else.

    Make it where an event loop runs, and close it. Raises of all requests: ``Retryable`` while the API is away or
    busy, ``RequestRejected`` where it answers that a request cannot succeed.
    """

    def __init__(self, settings: RegistryApiSettings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._settings = settings
        self._url = settings.url or ""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=_tls_context(settings)),
            headers={"Accept": "application/json"},
            timeout=aiohttp.ClientTimeout(total=timeout_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def call(self, method: str, path: str, body: Mapping[str, Any], idempotency_key: str) -> None:
        """Send a request; ``path`` begins with a slash, its parts quoted. Returns when the API has taken it."""
        await self._request(method, path, {"Idempotency-Key": idempotency_key}, orjson.dumps(dict(body)))

    async def get(self, path: str) -> Mapping[str, Any]:
        """Return the JSON object at a path, which begins with a slash, its parts quoted."""
        text = await self._request("GET", path, {}, None)
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            raise RequestRejected(
                f"GET {path} of the registry's API was answered with no JSON object: check REGISTRY_API_URL"
            )
        return row

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _request(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        token = current_secret("REGISTRY_API_TOKEN", self._settings.token)
        sent = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method, f"{self._url}{path}", data=body, headers=sent, allow_redirects=False
            ) as answer:
                text = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if fault := tls_fault(error, "REGISTRY_API_URL", "REGISTRY_API_CAFILE"):
                raise Retryable(f"the registry's API at {self._url} cannot be reached over TLS: {fault}") from error
            said = f"{type(error).__name__} {error}"  # an answer that is no HTTP may repeat what was sent, too
            problem = one_line(said.replace(token, "***") if token else said)
            raise Retryable(f"the registry's API does not answer ({problem}): check REGISTRY_API_URL") from error
        if token:  # an answer may repeat what was sent
            text = text.replace(token.encode(), b"***")
        return answered(f"{method} {path}", answer.status, answer.headers, text)


def _tls_context(settings: RegistryApiSettings) -> ClientContext | bool:
    """Return the context for ``https``; raises ``Misconfigured`` for a file that cannot be used."""
    if not (settings.url or "").startswith("https:"):
        return True
    authority = PemFile("REGISTRY_API_CAFILE", settings.cafile) if settings.cafile else None
    return ClientContext(settings.tls_min_version, authority)
