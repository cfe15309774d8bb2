from types import TracebackType
from typing import Any, Self, cast

import neo4j
import pytest

from workers.adapters.graph.errors import CLOSED_HANDLE, classified
from workers.adapters.graph.session import session
from workers.core.errors import Retryable


class Session:
    """Stands for the driver's, as far as it is opened, closed and cancelled."""

    def __init__(self) -> None:
        self.ends: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.ends.append("closed")

    def cancel(self) -> None:
        self.ends.append("cancelled")


class Driver:
    def __init__(self) -> None:
        self.opened = Session()

    def session(self, **config: Any) -> Session:
        assert config == {"database": "neo4j"}
        return self.opened


async def _raise_within(driver: Driver, error: Exception) -> None:
    with classified():
        async with session(cast("neo4j.AsyncDriver", driver), "neo4j"):
            raise error


async def test_a_connection_whose_socket_is_found_closed_is_given_up_and_the_attempt_may_be_made_again() -> None:
    driver = Driver()
    with pytest.raises(Retryable, match="out of reach"):
        await _raise_within(driver, RuntimeError(f"unable to perform operation on <TCPTransport>; {CLOSED_HANDLE}"))
    assert driver.opened.ends == ["cancelled", "closed"]


async def test_any_other_error_of_that_kind_is_a_bug() -> None:
    driver = Driver()
    with pytest.raises(RuntimeError, match="another"):
        await _raise_within(driver, RuntimeError("another"))
    assert driver.opened.ends == ["closed"]
