import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from workers.core.errors import Retryable
from workers.core.reference import Query
from workers.engine.reference_data import kept_up_to_date, refresh

ROWS: Sequence[Mapping[str, Any]] = [{"learnt": 1}]


class Toy:
    """Reference data with two queries in each round, that counts its rows."""

    def __init__(self) -> None:
        self.answered = 0
        self.changed = asyncio.Event()

    def query(self) -> Query:
        return Query("RETURN $asked", {"asked": self.answered})

    def learn(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        self.answered += len(rows)
        self.changed.set()
        return self.answered % 2 == 1

    async def until(self, answered: int) -> None:
        async with asyncio.timeout(10):
            while self.answered < answered:
                self.changed.clear()
                await self.changed.wait()


class Graph:
    """A graph that answers, or fails while ``failing`` is set."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.failing: Exception | None = None
        self.failures = 0

    async def ask(self, query: Query) -> Sequence[Mapping[str, Any]]:
        if self.failing is not None:
            self.failures += 1
            if self.failures == 5:
                self.failing = None
            raise self.failing or Retryable("the last time")
        self.asked.append(query.parameters["asked"])
        return ROWS


def ended(error: BaseException) -> None:
    raise AssertionError(f"failed with {error!r}")


async def test_it_runs_queries_until_there_is_none_left() -> None:
    toy, graph = Toy(), Graph()
    await refresh(toy, graph.ask)
    assert graph.asked == [0, 1]


async def test_data_is_read_before_the_first_batch_and_again_and_again() -> None:
    toy, graph = Toy(), Graph()
    async with kept_up_to_date(toy, graph.ask, ended, every_seconds=0):
        assert toy.answered == 2
        await toy.until(6)
    asked = list(graph.asked)
    await asyncio.sleep(0)
    assert graph.asked == asked


async def test_an_outage_is_logged_once_and_reading_continues_after_it() -> None:
    toy, graph = Toy(), Graph()
    with capture_logs() as logs:
        async with kept_up_to_date(toy, graph.ask, ended, every_seconds=0):
            graph.failing = Retryable("gone")
            await toy.until(4)
    assert graph.failures == 5
    assert [entry["log_level"] for entry in logs] == ["warning", "info"]


async def test_an_outage_at_the_start_is_an_error() -> None:
    graph = Graph()
    graph.failing = Retryable("gone")
    with pytest.raises(Retryable):
        async with kept_up_to_date(Toy(), graph.ask, ended):
            raise AssertionError("never gets here")


async def test_a_bug_ends_the_process() -> None:
    toy, graph = Toy(), Graph()
    failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
    async with kept_up_to_date(toy, graph.ask, failed.set_result, every_seconds=0):
        graph.failing = bug = ZeroDivisionError("a bug")
        async with asyncio.timeout(10):
            assert await failed is bug
