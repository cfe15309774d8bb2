import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.unit.engine.tuned import OURS, Tuned, tuned
from workers.engine.reload import reloading

GOOD = OURS.read_text()


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Tuned]:
    async with tuned("telemetry", tmp_path) as made:
        made.file.write_text(GOOD)
        await made.reload.look(at_once=True)
        yield made


def max_rows(worker: Tuned) -> int:
    return worker.in_force.options.batch.max_rows


def with_rows(count: object) -> str:
    return GOOD.replace("max_rows: 1000", f"max_rows: {count}")


async def looks(worker: Tuned, times: int = 2) -> list[Any]:
    """Look so often; return what was logged."""
    with capture_logs() as lines:
        for _ in range(times):
            await worker.reload.look()
    return lines


async def test_new_content_counts_when_two_looks_in_a_row_have_seen_it(worker: Tuned) -> None:
    worker.file.write_text(with_rows(7))
    await looks(worker, 1)
    assert max_rows(worker) == 1_000
    (line,) = await looks(worker, 1)
    assert max_rows(worker) == 7
    assert (line["event"], line["changes"]) == (
        "topology taken over",
        ["workers.telemetry.batch.max_rows: 1000 → 7"],
    )
    assert line["version"] == worker.reload.shown()["digest"] != line["before"]


async def test_a_file_that_is_still_being_written_is_waited_for(worker: Tuned) -> None:
    whole = with_rows(7)
    for end in (len(whole) // 3, len(whole) // 2, len(whole) - 1):
        worker.file.write_text(whole[:end])
        assert await looks(worker, 1) == []
    worker.file.write_text(whole)
    await looks(worker)
    assert max_rows(worker) == 7


async def test_a_mounted_config_map_is_followed_through_its_links(tmp_path: Path) -> None:
    def publish(version: str, text: str) -> None:
        """As kubelet does: a new folder, and a rename of the link to it."""
        folder = tmp_path / version
        folder.mkdir()
        (folder / "topology.yaml").write_text(text)
        os.utime(folder / "topology.yaml", (1, 1))
        (tmp_path / "..data_tmp").symlink_to(version)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    publish("..1", GOOD)
    link = tmp_path / "topology.yaml"
    link.symlink_to("..data/topology.yaml")
    async with tuned("telemetry", tmp_path) as worker:
        await worker.reload.look(at_once=True)
        publish("..2", with_rows(7777))
        await looks(worker)
        assert max_rows(worker) == 7777
        assert link.is_symlink()


async def test_a_faulty_file_is_refused_whole_and_once_until_a_good_one_comes(worker: Tuned) -> None:
    before = worker.reload.shown()
    worker.file.write_text(with_rows(7).replace("writers: 4", "writers: 0").replace("ratio: 0.5", "ratio: 7"))
    (line,) = await looks(worker, 5)
    assert (line["event"], line["in_force"]) == (
        "topology refused, the version before stays in force",
        before["digest"],
    )
    numbers = [int(fault.removeprefix(f"{worker.file}:").split(":")[0]) for fault in line["faults"][1:]]
    text = worker.file.read_text().splitlines()
    assert [text[number - 1].strip() for number in numbers] == ["writers: 0", "ratio: 7"]
    assert worker.reload.shown() == before
    assert worker.gauge("topology_reload_failed") == 1

    worker.file.write_text(with_rows(8))
    await looks(worker)
    assert (max_rows(worker), worker.gauge("topology_reload_failed")) == (8, 0)


async def test_the_file_as_it_was_ends_the_alarm(worker: Tuned) -> None:
    worker.file.write_text("topics: [")
    await looks(worker)
    assert worker.gauge("topology_reload_failed") == 1
    worker.file.write_text(GOOD)
    await looks(worker)
    assert worker.gauge("topology_reload_failed") == 0


async def test_no_bug_that_a_file_finds_ends_a_worker(worker: Tuned, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("not foreseen")

    monkeypatch.setattr(worker.reload, "_check", broken)
    worker.file.write_text(with_rows(7))
    (line,) = await looks(worker)
    assert line["faults"] == ["RuntimeError: not foreseen"]
    assert max_rows(worker) == 1_000


async def test_a_file_that_is_gone_is_a_fault_and_changes_nothing(worker: Tuned) -> None:
    worker.file.unlink()
    (line,) = await looks(worker, 3)
    assert "cannot be read" in line["faults"][0]
    assert max_rows(worker) == 1_000


async def test_a_worker_without_an_entry_stays_as_it_is(worker: Tuned) -> None:
    del worker.values["workers"]["telemetry"]
    worker.write()
    (line,) = await looks(worker)
    assert "has no worker telemetry: add it under `workers`, or stop it" in line["faults"][0]


async def test_keys_that_need_a_restart_are_named_and_the_rest_is_taken_over(worker: Tuned) -> None:
    text = (
        with_rows(7)
        .replace("group: memory-graph-telemetry", "group: others")
        .replace("partitions: 12", "partitions: 24")
    )
    worker.file.write_text(text.replace("replication_factor: 1\n", "replication_factor: 3\n"))
    lines = {line["event"]: line for line in await looks(worker)}
    assert lines["topology taken over"]["changes"] == ["workers.telemetry.batch.max_rows: 1000 → 7"]
    assert lines["these keys of the topology count after a restart: restart the worker"]["keys"] == [
        "replication_factor: 1 → 3",
        "workers.telemetry.group: memory-graph-telemetry → others",
    ]
    assert lines["these keys of the topology count when Kafka has them"]["keys"] == [
        "topics.llm-telemetry-events.partitions: 12 → 24"
    ]
    assert (max_rows(worker), worker.in_force.options.group) == (7, "memory-graph-telemetry")


async def test_a_live_key_that_does_not_fit_to_one_that_waits_for_a_restart_is_refused(worker: Tuned) -> None:
    text = GOOD.replace("max_wait_ms: 10", "max_wait_ms: 40000").replace("grace_seconds: 30", "grace_seconds: 60")
    worker.file.write_text(text)
    (line,) = await looks(worker)
    assert "restart the worker" in line["faults"][0]
    assert "batch.max_wait_ms: 40000 is not less than drain.grace_seconds" in line["faults"][1]
    assert worker.in_force.options.batch.max_wait_ms == 10


async def test_changes_of_other_workers_are_no_changes_here(worker: Tuned) -> None:
    worker.file.write_text(GOOD.replace("forward_wait_seconds: 300", "forward_wait_seconds: 5"))
    (line,) = await looks(worker)
    assert line["changes"] == []


async def test_the_version_before_is_no_longer_exposed(worker: Tuned) -> None:
    first = worker.reload.shown()["digest"]
    worker.file.write_text(with_rows(7))
    await looks(worker)
    assert worker.gauge("topology_info", digest=first) is None
    assert worker.gauge("topology_loaded_timestamp_seconds") == worker.reload.shown()["loaded_at"]


async def test_the_digest_is_that_of_sha256sum(worker: Tuned) -> None:
    running = await asyncio.create_subprocess_exec("sha256sum", str(worker.file), stdout=asyncio.subprocess.PIPE)
    printed, _ = await running.communicate()
    assert worker.reload.shown()["digest"] == printed.decode()[:12]


async def test_sighup_takes_the_file_at_once_and_reports_a_fault_again(worker: Tuned) -> None:
    failures: list[BaseException] = []
    refused = "topology refused, the version before stays in force"

    async def until(line: str, lines: list[Any]) -> None:
        async with asyncio.timeout(30):
            while not any(each["event"] == line for each in lines):
                await asyncio.sleep(0.005)

    async with reloading(worker.reload, failures.append):
        for text, expected in ((with_rows(7), "topology taken over"), (with_rows(0), refused), (with_rows(0), refused)):
            worker.file.write_text(text)
            with capture_logs() as lines:
                os.kill(os.getpid(), signal.SIGHUP)
                await until(expected, lines)
    assert (max_rows(worker), failures) == (7, [])


async def test_a_signal_that_came_before_the_worker_was_ready_is_not_lost(worker: Tuned) -> None:
    worker.file.write_text(with_rows(7))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    signal.raise_signal(signal.SIGHUP)  # to this thread: threads of other tests do not block it
    async with reloading(worker.reload, print), asyncio.timeout(30):
        while max_rows(worker) != 7:
            await asyncio.sleep(0.005)
    assert signal.pthread_sigmask(signal.SIG_SETMASK, before) == before


async def test_the_log_level_of_the_environment_comes_back(worker: Tuned) -> None:
    root = logging.getLogger()
    await worker.change("log_level", "ERROR")
    assert root.level == logging.ERROR
    worker.file.write_text(GOOD)
    await looks(worker)
    assert root.level == logging.INFO
