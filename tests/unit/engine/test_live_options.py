"""Each option that is marked as live has its effect on parts that were made before it changed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.model.traffic import NAMESPACE
from tests.unit.config.test_takes_effect import fields
from tests.unit.engine.consumer.test_consumer import AiokafkaThread, Assignment, consumer
from tests.unit.engine.toy import add
from tests.unit.engine.tuned import Tuned, tuned
from tests.unit.pipelines.registry.rows import parsed, row_change
from tests.unit.pipelines.telemetry.driven import NOW
from tests.unit.pipelines.telemetry.records import fields as fields_of_a_call
from workers.config.takes_effect import TakesEffect, takes_effect
from workers.core.errors import Contended, Rejected, Retryable
from workers.core.job import PeriodicJob
from workers.core.record import Decoded, TopicPartition
from workers.engine.batch.partition_queue import PartitionQueue
from workers.engine.consumer.chunk import Chunk
from workers.engine.resilience import retry as retry_module
from workers.engine.resilience.breaker import Breaker, BreakerState
from workers.engine.resilience.dead_letter_limit import DeadLetterLimitExceeded
from workers.engine.resilience.retry import Server
from workers.pipelines.fleet import OPTION_MODELS
from workers.testing import PARTITION

Change = Callable[[], Awaitable[None]]
"""Changes the option in the file, and has it taken over."""
Proof = Callable[[Tuned, Change], Awaitable[None]]
PROOFS: dict[str, tuple[str, str, object, Proof]] = {}
MIB = 1024 * 1024
SOON = 5.0
AT_ONCE = 0.02


def proves(key: str, value: object, worker: str = "registry") -> Callable[[Proof], Proof]:
    """Register the proof of an option, which calls ``change`` to give it this value."""

    def register(proof: Proof) -> Proof:
        PROOFS[f"{worker} {key}"] = (worker, key, value, proof)
        return proof

    return register


def live_keys() -> set[str]:
    """Every live key, once: those of all workers as keys of the registry worker."""
    keys: set[str] = set()
    for name in ("registry", *OPTION_MODELS):
        live = {path for path, field in fields(OPTION_MODELS[name]) if takes_effect(field) is TakesEffect.LIVE}
        known = {key.partition(" ")[2] for key in keys}
        keys |= {f"{name} {path}" for path in live - known}
    return keys


def test_there_is_a_proof_of_each_live_option() -> None:
    assert set(PROOFS) == live_keys()


def queue_of(worker: Tuned) -> PartitionQueue:
    return PartitionQueue(PARTITION, worker.app.consumer_context.buffer, worker.clock)


def chunk(offset: int) -> Chunk:
    return Chunk(PARTITION, [add(offset, "a", 1)], 1, None)


@proves("batch.max_rows", 2)
async def _rows(worker: Tuned, change: Change) -> None:
    queue = queue_of(worker)
    waiting = asyncio.create_task(queue.batch(lambda: worker.in_force.options.batch))
    await asyncio.sleep(0)
    await change()
    for offset in range(3):
        queue.put(chunk(offset))
    assert len(await asyncio.wait_for(waiting, SOON)) == 2


@proves("batch.max_wait_ms", 29_000)
async def _wait(worker: Tuned, change: Change) -> None:
    queue = queue_of(worker)
    waiting = asyncio.create_task(queue.batch(lambda: worker.in_force.options.batch))
    await asyncio.sleep(0)
    await change()
    queue.put(chunk(0))
    _, still = await asyncio.wait({waiting}, timeout=0.1)
    assert still, "10 ms were over"
    waiting.cancel()


@proves("consumer.chunk_records", 2)
async def _chunk(worker: Tuned, change: Change) -> None:
    made: Any = consumer(AiokafkaThread({}), Assignment({}))
    made._context = worker.app.consumer_context  # noqa: SLF001 - the constructor needs a running app
    made._is_changelog_tp, made.flow_active = lambda _: False, True  # noqa: SLF001 - as above
    made._to_chunk = lambda _, records: len(records)  # noqa: SLF001 - as above
    await change()
    records = [add(offset, "a", 1) for offset in range(5)]
    assert list(made._messages(PARTITION, records, made._seeks)) == [2, 2, 1]  # noqa: SLF001 - as above


@proves("consumer.buffer_mb", 512)
async def _buffer(worker: Tuned, change: Change) -> None:
    buffer, partition = worker.app.consumer_context.buffer, TopicPartition("events", 0)
    buffer.add(partition, 300 * MIB)
    assert buffer.with_room({partition}) == set()
    await change()
    assert buffer.with_room({partition}) == {partition}
    buffer.clear()


@proves("writers", 5)
async def _writers(worker: Tuned, change: Change) -> None:
    for _ in range(4):
        await worker.sinks.transactions.acquire()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(worker.sinks.transactions.acquire(), AT_ONCE)
    await change()
    await asyncio.wait_for(worker.sinks.transactions.acquire(), SOON)


@proves("state.max_entries", 1)
async def _entries(worker: Tuned, change: Change) -> None:
    worker.sinks.states.put(1, {"a": b"", "b": b""})
    await change()
    worker.sinks.states.put(1, {"c": b""})
    assert len(worker.sinks.states) == 1


@proves("log_level", "DEBUG")
async def _level(_worker: Tuned, change: Change) -> None:
    await change()
    assert logging.getLogger().level == logging.DEBUG


# Retries


async def waits(worker: Tuned, failures: int) -> list[float]:
    """Return the waits between the attempts on a server that is busy so often."""
    waited: list[float] = []

    async def note(seconds: float) -> None:
        waited.append(seconds)

    errors = [Contended("busy")] * failures

    async def attempt() -> None:
        if errors:
            raise errors.pop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retry_module, "asyncio", SimpleNamespace(sleep=note))
        await worker.sinks.retry.until_done(Server.NEO4J, attempt)
    return waited


@proves("retry.initial_ms", 7)
async def _initial(worker: Tuned, change: Change) -> None:
    await change()
    assert (await waits(worker, 1))[0] <= 0.0077


@proves("retry.max_ms", 150)
async def _longest(worker: Tuned, change: Change) -> None:
    await change()
    assert max(await waits(worker, 5)) <= 0.165


@proves("retry.multiplier", 1.0)
async def _multiplier(worker: Tuned, change: Change) -> None:
    await change()
    assert max(await waits(worker, 5)) <= 0.11


@proves("retry.jitter_ratio", 0.0)
async def _jitter(worker: Tuned, change: Change) -> None:
    await change()
    assert await waits(worker, 4) == [0.1, 0.2, 0.4, 0.8]


# The circuit breaker: 5 failures within 30 s open it, if they are more than 5 % of the attempts


def breaker_of(worker: Tuned) -> Breaker:
    return worker.sinks.retry._breakers[Server.NEO4J]  # noqa: SLF001 - as composed


async def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Retryable):
            async with breaker.attempt():
                raise Retryable("away")


@proves("breaker.error_ratio", 1.0)
async def _ratio(worker: Tuned, change: Change) -> None:
    await change()
    await fail(breaker_of(worker), 6)
    assert breaker_of(worker).state is BreakerState.CLOSED


@proves("breaker.window_seconds", 1)
async def _window(worker: Tuned, change: Change) -> None:
    await change()
    await fail(breaker_of(worker), 4)
    worker.clock.now += 2
    await fail(breaker_of(worker), 1)
    assert breaker_of(worker).state is BreakerState.CLOSED


@proves("breaker.minimum_failures", 2)
async def _failures(worker: Tuned, change: Change) -> None:
    await change()
    await fail(breaker_of(worker), 2)
    assert breaker_of(worker).state is BreakerState.OPEN


@proves("breaker.probe_after_seconds", [100.0])
async def _probe(worker: Tuned, change: Change) -> None:
    await change()
    await fail(breaker_of(worker), 5)
    worker.clock.now += 99
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(AT_ONCE), breaker_of(worker).attempt():
            pass
    worker.clock.now += 1
    async with asyncio.timeout(SOON), breaker_of(worker).attempt():
        pass


@proves("breaker.half_open_probes", 2)
async def _probes(worker: Tuned, change: Change) -> None:
    await change()
    await fail(breaker_of(worker), 5)
    worker.clock.now += 2
    async with asyncio.timeout(SOON), breaker_of(worker).attempt(), breaker_of(worker).attempt():
        pass


# The throttle: 10,000 rows a second at the start, 2 s for a commit


@proves("throttle.baseline_rows_per_second", 20_000)
async def _baseline(worker: Tuned, change: Change) -> None:
    await change()
    assert worker.sinks.throttle.rows_per_second == 20_000


@proves("throttle.max_rows_per_second", 15_000)
async def _fastest(worker: Tuned, change: Change) -> None:
    await worker.sinks.throttle.take(10_001)
    worker.sinks.throttle.committed(0.01)
    assert worker.sinks.throttle.rows_per_second == 20_000
    await change()
    assert worker.sinks.throttle.rows_per_second == 15_000


@proves("throttle.target_commit_ms", 1)
async def _target(worker: Tuned, change: Change) -> None:
    await worker.sinks.throttle.take(10_001)
    worker.sinks.throttle.committed(0.01)
    await change()
    worker.clock.now += 1
    worker.sinks.throttle.committed(0.5)
    assert worker.sinks.throttle.rows_per_second == 14_000


# The dead-letter limit: 1,000 within 60 s, if they are more than half of the records


@proves("dead_letter_limit.ratio", 0.9)
async def _share(worker: Tuned, change: Change) -> None:
    limiter = worker.sinks.dead_letter_limiter
    await change()
    limiter.received(2_000)
    limiter.admit(600)
    limiter.accepted()
    limiter.admit(600)


@proves("dead_letter_limit.window_seconds", 1)
async def _span(worker: Tuned, change: Change) -> None:
    limiter = worker.sinks.dead_letter_limiter
    await change()
    limiter.received(600)
    limiter.admit(600)
    worker.clock.now += 2
    limiter.received(600)
    limiter.admit(600)


@proves("dead_letter_limit.minimum", 5)
async def _few(worker: Tuned, change: Change) -> None:
    limiter = worker.sinks.dead_letter_limiter
    await change()
    limiter.received(10)
    with pytest.raises(DeadLetterLimitExceeded):
        limiter.admit(6)


# The registry worker: what it accepts


def accepts(worker: Tuned, **columns: Any) -> bool:
    try:
        parsed(row_change(**columns), worker.in_force.spec.parse)
    except Rejected:
        return False
    return True


def proves_accept(key: str, value: object, *, accepted: bool = False, **columns: Any) -> None:
    """Register the proof that a row is accepted, or not, only after the change."""

    @proves(f"accept.{key}", value)
    async def _accept(worker: Tuned, change: Change) -> None:
        assert accepts(worker, **columns) is not accepted
        await change()
        assert accepts(worker, **columns) is accepted


proves_accept("providers", ["google"])
proves_accept("capabilities", ["vision"], metadata='{"capabilities": ["audio"]}')
proves_accept("model_id_pattern", "^claude")
proves_accept("version_pattern", "^v1$", accepted=True, version="v1")
proves_accept("min_context_window", 1_000_000)
proves_accept("required", ["context_window"], context_window=None)


def clamps(worker: Tuned) -> bool:
    sent = Decoded(f"{NAMESPACE}.LLMInvocationEvent", fields_of_a_call(latency_ms=-3.0))
    try:
        worker.in_force.spec.parse(sent, NOW)
    except Rejected:
        return False
    return True


@proves("accept.negative_latency", "reject", "telemetry")
async def _clamps(worker: Tuned, change: Change) -> None:
    assert clamps(worker)
    await change()
    assert not clamps(worker)


# Jobs


def job(worker: Tuned, name: str) -> PeriodicJob:
    return next(each for each in worker.in_force.spec.jobs if each.name == name)


def proves_job(key: str, value: object, name: str, seen: Callable[[PeriodicJob], object], of: str = "registry") -> None:
    """Register the proof that the job of a name asks another question after the change."""

    @proves(key, value, of)
    async def _asks(worker: Tuned, change: Change) -> None:
        before = seen(job(worker, name))
        await change()
        assert seen(job(worker, name)) != before


def asked(parameter: str) -> Callable[[PeriodicJob], object]:
    return lambda each: each.query(10**12).parameters[parameter]


def counted_again(each: PeriodicJob) -> object:
    """When a window is counted again that was counted for the first time."""
    period: dict[str, Any] = {"start": 0, "counted_at": None, "known": [], "counted": [], "use_cases": []}
    (step,) = each.steps([period], 10**12)
    return step.record.parameters["count_at"]  # type: ignore[union-attr]  # this step stores something


proves_job("usage.window_minutes", 30, "usage_history", asked("length"))
proves_job("usage.late_minutes", 20, "usage_history", asked("until"))
proves_job("usage.restate_hours", 0, "usage_windows", counted_again)
proves_job("usage.top_use_cases", 3, "usage_windows", asked("top"))
proves_job("usage.every_seconds", 5, "usage_windows", lambda each: each.every_seconds)
proves_job(
    "migrate.forward_wait_seconds", 1, "schema-migrating", lambda each: str(each.query(10**12).parameters), "evolution"
)


def signed(field: str) -> Callable[[PeriodicJob], object]:
    """How a checkpoint that waits is signed."""
    pending = '{"chain_id":"1","created_at":"2026-11-30T00:00:00.000Z","dead_letters":[],"hash":"00","number":1,'
    pending += '"partition":0,"previous":"","sequence":1,"topic":"audit-events","version":1}'

    def of(each: PeriodicJob) -> object:
        (step,) = each.steps([{"id": "audit-events/0/1", "pending": pending}], 10**12)
        return getattr(step.effects[0], field)  # type: ignore[union-attr]  # this step publishes

    return of


proves_job("checkpoint.every_events", 5, "audit-checkpoints", asked("events"), "audit")
proves_job("checkpoint.every_seconds", 5, "audit-checkpoints", asked("before"), "audit")
proves_job("checkpoint.on_outage", "continue", "audit-checkpoints", signed("hold"), "audit")
proves_job("checkpoint.mount", "signing", "audit-checkpoints", signed("mount"), "audit")
proves_job("checkpoint.key", "another", "audit-checkpoints", signed("signing_key"), "audit")
proves_job("archive.url", "file:///archive", "audit-archive", asked("url"), "audit")
proves_job("archive.every_events", 5, "audit-archive", asked("events"), "audit")
proves_job("archive.every_seconds", 5, "audit-archive", asked("before"), "audit")
proves_job("archive.hot_days", 5, "audit-expiry", asked("before"), "audit")


def locked(each: PeriodicJob) -> object:
    """How an object that is due is locked."""
    due: dict[str, Any] = {"id": "", "partition": 0, "after": 0, "newest": 0, "events": [], "checkpoints": []}
    (step,) = each.steps([due], 10**12)
    return step.store  # type: ignore[union-attr]  # this step puts an object


proves_job("archive.lock", "governance", "audit-archive", locked, "audit")
proves_job("archive.retention_days", 5, "audit-archive", locked, "audit")


@pytest.mark.parametrize("key", PROOFS)
async def test_a_live_option_has_its_effect_while_the_worker_runs(key: str, tmp_path: Path) -> None:
    name, option, value, proof = PROOFS[key]
    async with asyncio.timeout(60), tuned(name, tmp_path) as worker:
        await proof(worker, lambda: worker.change(option, value))
        assert worker.gauge("topology_reload_failed") == 0
        assert worker.gauge("topology_info", digest=worker.reload.shown()["digest"]) == 1
