import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from workers.core.errors import RequestRejected, Retryable
from workers.core.job import ObjectStep, ObjectStoreAt
from workers.core.reference import Query
from workers.engine.jobs.objects import Objects

DONE = Query("done", {})


class World:
    """Keeps what was noted, and in which thread the step's functions ran."""

    def __init__(self, store: str) -> None:
        self.notes: list[tuple[str, str]] = []
        self.threads: set[int] = set()
        self.store = ObjectStoreAt(store)
        self.objects = Objects(lambda name, sentence: self.notes.append((name, sentence)))

    def content(self) -> bytes:
        self.threads.add(threading.get_ident())
        return b"lines"

    def record(self, content: bytes) -> Sequence[Query]:
        self.threads.add(threading.get_ident())
        return [DONE._replace(parameters={"content": content})]

    async def run(self, name: str, *, read: bool = False) -> Sequence[Query]:
        content = None if read else self.content
        return await self.objects.queries(ObjectStep("the archive", self.store, name, content, self.record))


async def test_an_object_is_put_in_a_thread_and_what_is_there_then_is_recorded(tmp_path: Path) -> None:
    world = World(f"file://{tmp_path}")
    (tmp_path / "before").write_bytes(b"older")
    assert [each.parameters for each in await world.run("now")] == [{"content": b"lines"}]
    assert [each.parameters for each in await world.run("before")] == [{"content": b"older"}]
    assert [each.parameters for each in await world.run("before", read=True)] == [{"content": b"older"}]
    assert threading.get_ident() not in world.threads
    assert world.notes == [("the archive", "")] * 3


async def test_a_store_that_cannot_be_used_is_waited_for_and_ready_says_so(tmp_path: Path) -> None:
    world = World("file:///sys/memory-graph")
    with pytest.raises(Retryable):
        await world.run("now")
    ((name, sentence),) = world.notes
    assert name == "the archive"
    assert sentence.startswith("the archive waits: the object store file:///sys/memory-graph cannot be used")
    world.store = ObjectStoreAt(f"file://{tmp_path}")
    await world.run("now")
    assert world.notes[-1] == ("the archive", "")


async def test_what_a_person_must_look_at_is_refused_and_ready_says_so(tmp_path: Path) -> None:
    world = World(f"file://{tmp_path}")
    with pytest.raises(RequestRejected, match="gone is not in"):
        await world.run("gone", read=True)
    assert world.notes[-1][1].startswith("the archive stands still: gone is not in")


def test_a_process_without_an_archive_does_not_import_obstore() -> None:
    code = "import sys, workers.engine.compose, workers.pipelines.fleet; sys.exit('obstore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
