import socket
from collections.abc import Iterator

import pytest

from workers.dev.stack.ports import HIGHEST, LOWEST, choose_port, is_free


@pytest.fixture
def occupied() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_wanted_port_that_is_free_is_taken() -> None:
    free = choose_port((), ())
    assert choose_port((free,), ()) == free


def test_a_wanted_port_that_somebody_listens_on_is_passed_over(occupied: int) -> None:
    assert not is_free(occupied)
    assert LOWEST <= choose_port((occupied,), ()) < HIGHEST


def test_a_port_that_listens_on_all_addresses_is_not_free() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - the point of the test
        assert not is_free(server.getsockname()[1])


def test_a_port_that_another_stack_remembers_is_not_taken_though_it_is_free() -> None:
    remembered = choose_port((), ())
    assert choose_port((remembered,), {remembered}) != remembered


def test_no_port_left_is_said_with_what_to_do() -> None:
    with pytest.raises(OSError, match="memory-graph stack down"):
        choose_port((), range(LOWEST, HIGHEST))
