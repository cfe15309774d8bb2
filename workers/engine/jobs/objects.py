"""Object steps: put an object or read one, in a thread, and say where that is not done."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from workers.core.errors import Misconfigured, RequestRejected, Retryable, Unreachable
from workers.core.job import ObjectStep, ObjectStoreAt
from workers.core.reference import Query

if TYPE_CHECKING:
    from workers.adapters.object_store.store import ObjectStore

log = structlog.get_logger(__name__)


class Objects:
    """Keeps a client for each store. ``note`` gets the sentence that ``/readyz`` shows, or an empty text."""

    def __init__(self, note: Callable[[str, str], None]) -> None:
        self._note = note
        self._stores: dict[ObjectStoreAt, ObjectStore] = {}

    async def queries(self, step: ObjectStep) -> Sequence[Query]:
        """Return what is to be stored, once the object is there. Raises ``Retryable`` and ``RequestRejected``."""
        try:
            found = await asyncio.to_thread(self._done, step)
        except (Misconfigured, Unreachable) as error:
            self._stores.pop(step.store, None)  # its credentials may be others by the next attempt
            self._tell(step, f"{step.subject} waits: {error}")
            raise Retryable(str(error)) from error
        except RequestRejected as error:
            self._tell(step, f"{step.subject} stands still: {error}")
            raise
        self._note(step.subject, "")
        return found

    def _tell(self, step: ObjectStep, sentence: str) -> None:
        self._note(step.subject, sentence)
        log.warning(sentence)

    def _done(self, step: ObjectStep) -> Sequence[Query]:
        content = step.content() if step.content is not None else None
        store = self._stores.get(step.store) or self._opened(step.store)
        there = store.get(step.name) if content is None else store.put_once(step.name, content)
        if there is None:
            raise RequestRejected(f"{step.name} is not in {step.store.url}: find out who removed it")
        return step.record(there)

    def _opened(self, at: ObjectStoreAt) -> "ObjectStore":
        from workers.adapters.object_store.store import ObjectStore  # noqa: PLC0415 - most workers have no store

        return self._stores.setdefault(at, ObjectStore(at))
