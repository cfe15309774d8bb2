import os
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.config.settings import KafkaSettings, SecurityProtocol
from workers.core.errors import Misconfigured, ProblemsFound
from workers.ops.dead_letters import parallel
from workers.ops.dead_letters.count import Counts
from workers.ops.dead_letters.offsets import Offsets
from workers.ops.dead_letters.parallel import WORTH_A_PROCESS, Part
from workers.ops.dead_letters.selection import Selection

RANGES = st.dictionaries(st.integers(0, 3), st.tuples(st.integers(0, 9), st.integers(0, 9)))


@given(RANGES, st.integers(0, 40))
def test_each_offset_is_in_one_of_two_parts(ranges: dict[int, tuple[int, int]], letters: int) -> None:
    begins = {number: begin for number, (begin, _) in ranges.items()}
    ends = {number: end for number, (_, end) in ranges.items()}
    part = Part(KafkaSettings(), "events.dlq", Selection(), Offsets({}), begins, ends)
    first, second = part.cut(letters)
    assert offsets(first) | offsets(second) == offsets(part)
    assert not offsets(first) & offsets(second)
    assert first.letters == min(letters, part.letters)
    assert first.letters + second.letters == part.letters == len(offsets(part))


def offsets(part: Part) -> set[tuple[int, int]]:
    return {(number, offset) for number, end in part.ends.items() for offset in range(part.begins[number], end)}


MANY = Part(
    KafkaSettings(bootstrap_servers="127.0.0.1:1"),
    "events.dlq",
    Selection(),
    Offsets({}),
    {0: 0},
    {0: 2 * WORTH_A_PROCESS},
)
"""In a Kafka that is not there."""


def nothing(*_: object) -> None:
    """Show no progress, and watch nothing."""


def second_processes() -> list[psutil.Process]:
    """Return the processes that count; the servers of other tests may be children of this process, too."""
    found = list[psutil.Process]()
    for process in psutil.Process().children():
        with suppress(psutil.ZombieProcess):
            if any("answer_through" in argument for argument in process.cmdline()):
                found.append(process)
    return found


def test_a_second_process_that_is_killed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def killing(part: Part, *_: object) -> Counts:
        for process in second_processes():
            process.kill()
        return Counts(part.topic, part.selection, part.sent)

    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(parallel, "count", killing)
    with pytest.raises(ProblemsFound, match="second process that reads dead letters was killed"):
        parallel.counted(MANY, nothing, nothing)


def test_what_ends_the_second_process_ends_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    kafka = KafkaSettings(security_protocol=SecurityProtocol.SSL, ssl_cafile=file)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(parallel, "count", lambda part, *_: Counts(part.topic, part.selection, part.sent))
    with pytest.raises(Misconfigured, match="KAFKA_SSL_CAFILE"):
        parallel.counted(MANY._replace(kafka=kafka), nothing, nothing)


def test_no_process_is_left_when_the_first_one_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Counts:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(parallel, "count", interrupted)
    with pytest.raises(KeyboardInterrupt):
        parallel.counted(MANY, nothing, nothing)
    assert second_processes() == []
