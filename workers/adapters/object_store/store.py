"""One object store by its URL: objects are put once, read, and listed. Nothing is ever overwritten or deleted."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnknownConfigurationKeyError,
)
from obstore.store import LocalStore, from_url
from pydantic import SecretStr

from workers.config.environment import current_secret
from workers.core.errors import Misconfigured, Unreachable
from workers.core.job import ObjectStoreAt

RETRIES = 2
RETRY_SECONDS = 20
SECRETS = {
    "s3": {
        "access_key_id": "AWS_ACCESS_KEY_ID",
        "secret_access_key": "AWS_SECRET_ACCESS_KEY",
        "session_token": "AWS_SESSION_TOKEN",
    },
    "az": {"account_key": "AZURE_STORAGE_ACCOUNT_KEY"},
}
"""By scheme: what obstore calls them, and the variables. obstore itself reads these, but no file of a secret."""
CHECKSUM = {"checksum_algorithm": "SHA256"}
"""S3 wants a checksum with each object of a bucket with Object Lock."""
REFUSED = (InvalidPathError, PermissionDeniedError, UnauthenticatedError, UnknownConfigurationKeyError)


class ObjectStore:
    """Calls block: run them in a thread. They raise ``Misconfigured`` where the store refuses us, ``Unreachable``."""

    def __init__(self, at: ObjectStoreAt) -> None:
        self._at = at
        with explained(at.url):
            self._store: Any = _opened(at.url, {})

    def put_once(self, name: str, content: bytes) -> bytes:
        """Return what the store has under the name now: the content, or the object that was there before."""
        with explained(self._at.url):
            try:
                obstore.put(self._locking(), name, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return self._get(name)
            _flush(self._store, name)
        return content

    def get(self, name: str) -> bytes | None:
        """Return an object; ``None`` where there is none."""
        with explained(self._at.url):
            try:
                return self._get(name)
            except FileNotFoundError:
                return None

    def names(self) -> Iterator[str]:
        """Return the names of all objects, in no order."""
        with explained(self._at.url):
            pages: Iterator[Sequence[Any]] = obstore.list(self._store)
            for page in pages:
                yield from (each["path"] for each in page)

    def _get(self, name: str) -> bytes:
        return bytes(obstore.get(self._store, name).bytes())

    def _locking(self) -> Any:
        """Return the store for new objects: each is locked from now on, where the options say so."""
        if self._at.lock == "none":
            return self._store
        until = datetime.now(UTC) + timedelta(days=self._at.lock_days)
        headers = {
            "x-amz-object-lock-mode": self._at.lock.upper(),
            "x-amz-object-lock-retain-until-date": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return _opened(self._at.url, headers)


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Raise ``Misconfigured`` or ``Unreachable`` in one sentence, without the long part of obstore's messages."""
    where = f"the object store {url}"
    try:
        yield
    except REFUSED as error:
        raise Misconfigured(f"{where} refuses us ({_first(error)}): correct its address or its credentials") from None
    except (BaseError, OSError, ValueError) as error:
        raise Unreachable(f"{where} cannot be used ({_first(error)}): make it reachable, writable, with room") from None


def _first(error: Exception) -> str:
    return " ".join(str(error).partition("\n\n")[0].split()) or type(error).__name__


def _opened(url: str, headers: dict[str, str]) -> Any:
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return from_url(url, mkdir=True)
    config = {name: _secret(variable) for name, variable in SECRETS.get(scheme, {}).items()}
    options: dict[str, Any] = {"config": {name: value for name, value in config.items() if value}}
    if scheme == "s3":
        options["config"] |= CHECKSUM
    # An address says itself whether it is one of TLS.
    options["client_options"] = {"allow_http": True, "default_headers": headers}
    options["retry_config"] = {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)}
    return from_url(url, **options)


def _secret(variable: str) -> str:
    """Return a secret of its file, which may change; without a file, an empty text."""
    return current_secret(variable, SecretStr(""))


def _flush(store: Any, name: str) -> None:
    """Have a new file on the disk, for a folder: what is noted as archived must outlive a power cut."""
    if not isinstance(store, LocalStore) or store.prefix is None:
        return
    path = Path(store.prefix) / name
    for each in (path, path.parent):
        opened = os.open(each, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
