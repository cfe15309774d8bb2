import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from workers.core.errors import Misconfigured
from workers.observe.health import HealthServer
from workers.observe.metrics import Metrics


class Worker:
    """What a health server asks, as a test sets it."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.dead: list[str] = []
        self.unready: list[str] = []
        self.notes: list[str] = []
        self.server = HealthServer(
            self.metrics, alive=lambda: self.dead, ready=lambda: self.unready, notes=lambda: self.notes
        )
        self.port = 0

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    it = Worker()
    it.port = await it.server.start(0)
    yield it
    await it.server.stop()


async def test_an_inherited_socket_is_served(worker: Worker) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    inherited = HealthServer(Metrics(), alive=list, ready=list)
    worker.port = await inherited.start(1, listener=listener.detach())

    assert (await worker.get("/healthz"))[0] == 200
    await inherited.stop()


async def test_an_inherited_number_that_is_no_socket_is_refused(tmp_path: Path) -> None:
    refused = pytest.raises(Misconfigured, match=r"METRICS_FD=.* no listening socket")
    with (tmp_path / "file").open("w") as file, refused:
        await HealthServer(Metrics(), alive=list, ready=list).start(0, listener=file.fileno())


async def test_metrics_are_served_as_prometheus_reads_them(worker: Worker) -> None:
    worker.metrics.lag(3, 5)

    status, page = await worker.get("/metrics")

    assert status == 200
    assert 'llm_memory_graph_kafka_lag_messages{partition="3"} 5.0' in page
    assert "process_resident_memory_bytes" in page


async def test_a_worker_that_makes_progress_is_alive(worker: Worker) -> None:
    assert await worker.get("/healthz") == (200, '{"alive": true, "reasons": []}')


async def test_a_worker_without_progress_is_not_alive_though_it_answers(worker: Worker) -> None:
    worker.dead = ["partition 3 has 100 records waiting and has not moved for 90 s"]

    status, page = await worker.get("/healthz")

    assert status == 503
    assert "has not moved for 90 s" in page


async def test_readiness_names_every_reason_and_comes_back(worker: Worker) -> None:
    worker.unready = ["no partitions assigned", "Neo4j is out of reach"]
    assert await worker.get("/readyz") == (
        503,
        '{"ready": false, "reasons": ["no partitions assigned", "Neo4j is out of reach"]}',
    )
    assert (await worker.get("/healthz"))[0] == 200

    worker.unready = []
    assert await worker.get("/readyz") == (200, '{"ready": true, "reasons": []}')

    worker.notes = ["checkpoints are unsigned"]
    assert await worker.get("/readyz") == (200, '{"ready": true, "reasons": [], "notes": ["checkpoints are unsigned"]}')


async def test_a_check_that_breaks_is_a_reason_and_not_a_500() -> None:
    def broken() -> list[str]:
        raise KeyError("partition 3")

    worker = Worker()
    worker.server = HealthServer(worker.metrics, alive=broken, ready=broken)
    worker.port = await worker.server.start(0)
    status, page = await worker.get("/readyz")
    await worker.server.stop()

    assert status == 503
    assert "the check itself failed: KeyError" in page


async def test_a_taken_port_is_refused_because_a_probe_would_ask_another_process(worker: Worker) -> None:
    other = Worker().server
    with pytest.raises(Misconfigured, match=f"METRICS_PORT={worker.port} is taken"):
        await other.start(worker.port)
    await other.stop()


async def test_an_address_that_is_not_ours_is_an_error() -> None:
    server = Worker().server
    with pytest.raises(OSError, match=r"203\.0\.113\.1"):
        await server.start(0, "203.0.113.1")
    await server.stop()


async def test_after_stop_nobody_listens_and_stopping_again_is_fine() -> None:
    worker = Worker()
    worker.port = await worker.server.start(0)
    await worker.server.stop()
    await worker.server.stop()

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", worker.port)) != 0
