from pathlib import Path

import pytest

from workers.dev.stack.probe import endpoint, follow, tail


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
def test_host_and_port_of_every_kind_of_address(address: str, expected: tuple[str, int]) -> None:
    assert endpoint(address, 1) == expected


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\ntwo\nthree\n")
    assert tail(log, 2) == "two\nthree"
    assert tail(tmp_path / "none", 2) == ""


def test_following_gives_the_tail_then_what_is_added_also_after_a_restart(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\ntwo\n")
    following = follow(log, 1)
    assert next(following) == "two\n"
    with log.open("a") as file:
        file.write("three\n")
    assert next(following) == "three\n"
    log.write_text("anew\n")
    assert next(following) == "anew\n"
