import socket
from collections.abc import Iterator

import pytest

from workers.dev.stack.ports import HIGHEST, LOWEST, choose_port, endpoint, is_free


@pytest.fixture
def occupied() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_wanted_port_that_is_free_is_chosen() -> None:
    free = choose_port((), ())
    assert choose_port((free,), ()) == free


def test_a_wanted_port_on_which_a_server_listens_is_not_chosen(occupied: int) -> None:
    assert not is_free(occupied)
    assert LOWEST <= choose_port((occupied,), ()) < HIGHEST


def test_a_port_is_not_free_if_a_server_listens_on_all_addresses() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - the point of the test
        assert not is_free(server.getsockname()[1])


def test_a_free_port_that_another_stack_keeps_is_not_chosen() -> None:
    kept = choose_port((), ())
    assert choose_port((kept,), {kept}) != kept


def test_the_error_for_no_free_port_names_the_fix() -> None:
    with pytest.raises(OSError, match="memory-graph stack down"):
        choose_port((), range(LOWEST, HIGHEST))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("bolt://127.0.0.1:7687", ("127.0.0.1", 7687)),
        ("neo4j+s://graph.example.org", ("graph.example.org", 1)),
        ("one.example.org:9092,two.example.org:9093", ("one.example.org", 9092)),
        ("http://127.0.0.1:8081/apis/ccompat/v7", ("127.0.0.1", 8081)),
        ("postgresql://user:word@127.0.0.1:5432/registry", ("127.0.0.1", 5432)),
    ],
)
def test_endpoint_reads_every_kind_of_address(address: str, expected: tuple[str, int]) -> None:
    assert endpoint(address, 1) == expected
