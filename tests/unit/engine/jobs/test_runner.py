import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from opentelemetry.trace import SpanKind
from structlog.testing import capture_logs

from tests.unit.observe.collected import Collected
from workers.config.worker_options import Retry
from workers.core.errors import Refused, RequestRejected, Retryable
from workers.core.job import Call, DeadLettersStep, Effect, FetchStep, ObjectStep, ObjectStoreAt, Publish, Step
from workers.core.reference import Query
from workers.engine.jobs import runner as module
from workers.engine.jobs.runner import JobContext, running_jobs
from workers.observe.metrics import Metrics
from workers.observe.tracing import NO_TRACING, Tracing
from workers.testing import FakeClock

QUICK = Retry(initial_ms=1, max_ms=1, jitter_ratio=0)


def post(name: str) -> Call:
    return Call("POST", f"/{name}", {}, name)


class Errands:
    """A job with a step for each row: call, publish, then record."""

    name = "errands"
    every_seconds = 0.0
    refusable = False

    def query(self, now_ms: int) -> Query:
        return Query("due", {"now": now_ms})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Any]:
        for row in rows:
            name = row["name"]
            effects = (post(name), Publish("errands", name.encode(), "Errand", {"name": name}))
            refused = Query("refused", {"name": name}) if self.refusable else None
            yield Step(effects, Query("done", {"name": name}), refused)


class World:
    """Graph, API and topic in one; ``fail`` has errors that are raised once, ``always`` those raised each time."""

    def __init__(self, *due: str) -> None:
        self.due = list(due)
        self.journal: list[str] = []
        self.fail: dict[str, list[Exception]] = {}
        self.always: dict[str, Exception] = {}
        self.leads = True
        self.clock = FakeClock()
        self.metrics = Metrics()
        self.bugs: list[BaseException] = []
        self.refused_why: list[str] = []
        self.tracing: Tracing = NO_TRACING
        self._changed = asyncio.Event()

    def _note(self, what: str) -> None:
        self._changed.set()
        if self.fail.get(what):
            raise self.fail[what].pop(0)
        if what in self.always:
            raise self.always[what]
        self.journal.append(what)

    async def ask(self, question: Query) -> Sequence[Mapping[str, Any]]:
        self._note("ask")
        await asyncio.sleep(0)
        return [{"name": name} for name in self.due]

    async def do(self, effect: Effect) -> Mapping[str, Any]:
        await asyncio.sleep(0)
        assert isinstance(effect, Call | Publish)
        self._note(f"call {effect.path[1:]}" if isinstance(effect, Call) else f"publish {effect.key.decode()}")
        return {}

    async def dead_letters(self, topic: str, partition: int, begin: int) -> tuple[Sequence[int], int]:
        self._note(f"dead letters {topic} {partition} {begin}")
        return [3, 5], begin + 2

    async def objects(self, step: ObjectStep) -> Sequence[Query]:
        self._note(f"object {step.name}")
        return step.record(b"there")

    async def fetch(self, path: str) -> Mapping[str, Any]:
        self._note(f"fetch {path}")
        return {"found": "1"}

    async def record(self, record: Query) -> None:
        name = record.parameters["name"]
        self.refused_why += [record.parameters["refused_why"]] if "refused_why" in record.parameters else []
        self._note(f"{record.cypher} {name}")
        self.due.remove(name)

    def context(self) -> JobContext:
        return JobContext(
            worker="toy",
            ask=self.ask,
            run=self.do,
            fetch=self.fetch,
            dead_letters=self.dead_letters,
            objects=self.objects,
            record=self.record,
            leads=lambda: self.leads,
            retry=lambda: QUICK,
            clock=self.clock,
            metrics=self.metrics,
            tracing=self.tracing,
        )

    async def until(self, seen: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not seen():
                self._changed.clear()
                await self._changed.wait()

    def running(self, errands: Errands | None = None) -> Any:
        return running_jobs(lambda: [errands or Errands()], self.context(), self.bugs.append)

    def counted(self, status: str) -> float | None:
        labels = {"job": "errands", "status": status}
        return self.metrics.registry.get_sample_value("llm_memory_graph_job_steps_total", labels)

    @property
    def done(self) -> list[str]:
        return [entry for entry in self.journal if entry != "ask"]


async def test_effects_run_in_order_and_are_then_recorded() -> None:
    world = World("a", "b")
    async with world.running():
        await world.until(lambda: not world.due)
    assert world.done == ["call a", "publish a", "done a", "call b", "publish b", "done b"]
    assert (world.counted("done"), world.bugs) == (2, [])


async def test_only_the_leading_process_runs_jobs_and_stops_when_it_no_longer_leads() -> None:
    world = World("a", "b")
    world.leads = False
    async with world.running():
        for _ in range(10):
            await asyncio.sleep(0)
        assert world.journal == []
    world.leads = True
    async with world.running():
        await world.until(lambda: "call a" in world.journal)
        world.leads = False
        await world.until(lambda: "done a" in world.journal)
        for _ in range(10):
            await asyncio.sleep(0)
    assert world.done == ["call a", "publish a", "done a"]


@pytest.mark.parametrize("where", ["ask", "call a", "publish a", "done a"])
async def test_a_job_waits_for_an_outage_logs_it_once_and_repeats_the_step(where: str) -> None:
    world = World("a")
    world.fail[where] = [Retryable("gone") for _ in range(3)]
    with capture_logs() as logs:
        async with world.running():
            await world.until(lambda: not world.due)
            await world.until(lambda: world.journal[-1] == "ask")
    assert world.done[-3:] == ["call a", "publish a", "done a"]
    assert [entry["log_level"] for entry in logs] == ["warning", "info"]
    assert world.counted("retried") == (None if where == "ask" else 3)


async def test_a_step_that_always_fails_runs_after_the_others() -> None:
    world = World("a", "b", "c")
    world.always["call a"] = Retryable("500")
    async with world.running():
        await world.until(lambda: world.due == ["a"])
    assert "call a" not in world.journal


async def test_a_job_waits_as_long_as_the_server_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    paused: list[float] = []

    async def pause(_self: object, seconds: Callable[[], float]) -> None:
        paused.append(seconds())
        await asyncio.sleep(0)

    monkeypatch.setattr(module.Runner, "_pause", pause)
    world = World("a")
    world.fail["call a"] = [Retryable("busy", after_seconds=77.0)]
    async with world.running():
        await world.until(lambda: not world.due)
    assert paused[0] == 77.0


@pytest.mark.parametrize("error", [RequestRejected("404"), Refused("neo4j.constraint", "no")])
async def test_a_refused_step_waits_longer_each_time_and_the_others_continue(error: Exception) -> None:
    world = World("a", "b")
    where = "call a" if isinstance(error, RequestRejected) else "done a"
    world.fail[where] = [error, error]
    with capture_logs() as logs:
        async with world.running():
            for count, seconds in ((1, 60.0), (2, 120.0)):
                await world.until(lambda count=count: world.counted("refused") == count)  # type: ignore[misc]  # mypy sees no default of a lambda
                asked = world.journal.count("ask")
                await world.until(lambda asked=asked: world.journal.count("ask") > asked + 5)  # type: ignore[misc]  # same reason as above
                assert world.counted("refused") == count, "not before its time"
                world.clock.now += seconds
            await world.until(lambda: not world.due)
    assert [entry["log_level"] for entry in logs] == ["error", "error"]
    assert (world.counted("done"), world.bugs) == (2, [])


async def test_a_refusal_is_recorded_in_the_graph_where_the_step_has_a_query_for_it() -> None:
    world, errands = World("a", "b"), Errands()
    errands.refusable = True
    world.always["call a"] = RequestRejected("404")
    async with world.running(errands):
        await world.until(lambda: not world.due)
    assert world.done == ["refused a", "call b", "publish b", "done b"]
    assert world.refused_why == ["404"]


class Lookups(Errands):
    """A job that fetches an object for each row, and records what it found."""

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[FetchStep]:
        for row in rows:
            yield FetchStep(f"{row['name']} 1", lambda found, name=row["name"]: self._found(name, found))  # type: ignore[misc]  # mypy sees no default of a lambda

    def _found(self, name: str, found: Mapping[str, Any]) -> Query:
        if name == "senseless":
            raise RequestRejected("no schema")
        return Query(f"found {found['found']}", {"name": name})


async def test_a_fetched_object_decides_what_is_recorded_and_a_senseless_one_is_refused() -> None:
    world = World("senseless", "a")
    world.fail["fetch a 1"] = [Retryable("gone")]
    async with world.running(Lookups()):
        await world.until(lambda: world.due == ["senseless"])
    assert [entry for entry in world.done if entry.endswith((" a", "a 1"))] == ["fetch a 1", "found 1 a"]
    assert (world.counted("refused"), world.counted("retried"), world.bugs) == (1, 1, [])


async def test_a_bug_ends_the_process() -> None:
    world = World("a")
    world.always["call a"] = bug = ZeroDivisionError("a bug")
    ended: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
    async with running_jobs(lambda: [Errands()], world.context(), ended.set_result), asyncio.timeout(10):
        assert await ended is bug


async def test_at_the_end_the_current_step_is_finished_and_the_next_is_not_begun() -> None:
    world = World("a", "b")
    async with world.running():
        await world.until(lambda: "call a" in world.journal)
    assert world.done == ["call a", "publish a", "done a"]


async def test_at_the_end_a_step_that_hangs_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRAIN_SECONDS", 0.01)
    hanging = asyncio.Event()

    async def hang(_: Effect) -> Mapping[str, Any]:
        hanging.set()
        await asyncio.Event().wait()
        return {}

    world = World("a")
    async with running_jobs(lambda: [Errands()], replace(world.context(), run=hang), world.bugs.append):
        await hanging.wait()
    assert (world.done, world.bugs) == ([], [])


async def test_each_step_has_a_span_around_its_effects_and_its_record() -> None:
    world, tracing = World("a"), Collected()
    world.tracing = tracing
    world.fail["done a"] = [Retryable("gone")]

    async def do(_effect: Effect) -> Mapping[str, Any]:
        with tracing.transaction("neo4j", "inside"):
            await asyncio.sleep(0)
        return {}

    async with running_jobs(lambda: [Errands()], replace(world.context(), run=do), world.bugs.append):
        await world.until(lambda: not world.due)
    failed, done = [span for span in tracing.spans() if span.name == "step errands"]
    for step in (failed, done):
        assert step.kind is SpanKind.PRODUCER
        attributes = step.attributes or {}
        assert attributes["memory_graph.worker"] == "toy"
        assert attributes["messaging.destination.name"] == "errands"
        assert [each.parent for each in tracing.spans() if each.name == "inside neo4j"].count(step.context) == 2
    assert (failed.status.is_ok, done.status.is_ok) == (False, True)


async def test_a_step_that_fetches_has_a_span_too() -> None:
    world, tracing = World("a"), Collected()
    world.tracing = tracing
    async with world.running(Lookups()):
        await world.until(lambda: not world.due)
    (step,) = tracing.spans()
    assert (step.name, step.kind) == ("step errands", SpanKind.INTERNAL)


class NamesDeadLetters(Errands):
    """Stores which records became dead letters."""

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Any]:
        for row in rows:
            yield DeadLettersStep("topic", 2, 7, partial(self.found, row["name"]))

    def found(self, name: str, offsets: Sequence[int], following: int) -> Query:
        return Query(f"{offsets} {following}", {"name": name})


async def test_dead_letters_decide_what_is_recorded() -> None:
    world = World("a")
    async with world.running(NamesDeadLetters()):
        await world.until(lambda: not world.due)
    assert world.done == ["dead letters topic 2 7", "[3, 5] 9 a"]


class PutsObjects(Errands):
    """Stores what follows from an object, in two transactions."""

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Any]:
        for row in rows:
            found = partial(self.found, row["name"])
            yield ObjectStep("it", ObjectStoreAt("file:///x"), row["name"], lambda: b"", found, Query("refused", row))

    def found(self, name: str, content: bytes) -> Sequence[Query]:
        return [Query(f"{content!r} first", {"name": name}), Query("then", {"name": "b"})]


async def test_what_follows_from_an_object_is_recorded_in_order() -> None:
    world = World("a", "b")
    async with world.running(PutsObjects()):
        await world.until(lambda: not world.due)
    assert world.done[:3] == ["object a", "b'there' first a", "then b"]


async def test_an_object_that_is_refused_is_put_off_in_the_graph_and_the_others_go_on() -> None:
    world = World("a")
    world.always["object a"] = RequestRejected("another one is there")
    async with world.running(PutsObjects()):
        await world.until(lambda: not world.due)
    assert (world.done, world.refused_why) == (["refused a"], ["another one is there"])
