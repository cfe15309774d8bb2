"""``memory-graph audit verify``: every chain, in processes side by side where there is much to read."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized

from workers.config.settings import Settings
from workers.core.errors import OperatorError
from workers.ops.audit.archive.known import ArchivedChain
from workers.ops.audit.checkpoint_log import Log
from workers.ops.audit.finding import Chain, Result
from workers.ops.audit.graph.events import Expected
from workers.ops.audit.source import Source

WORTH_A_PROCESS = 100_000
"""Records; below it, a process costs more time to start than it saves."""
POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Task:
    """One chain to verify. ``records`` is about how many it has; the times are epoch milliseconds.

    ``archive`` is ``None`` where ``topology.yaml`` names none.
    """

    source: Source
    chain: Chain
    log: Log
    expected: Expected
    records: int
    since: int | None = None
    until: int | None = None
    archive: ArchivedChain | None = None


Verify = Callable[[Settings, Task, Callable[[int], None]], Result]
"""Verifies one chain. A function of a module, so that another process can call it."""
Show = Callable[[int, int], None]
"""Is called with the number of records that were read so far, and about that of all of them."""


def verify_all(settings: Settings, tasks: Sequence[Task], verify: Verify, show: Show) -> list[Result]:
    """Verify every chain, in the order of ``tasks``. Raises what ``verify`` raises."""
    total = sum(task.records for task in tasks)
    processes = min(len(tasks), os.cpu_count() or 1)
    if total < WORTH_A_PROCESS or processes < 2:  # noqa: PLR2004 - one process has nothing beside it
        return list(_one_by_one(settings, tasks, verify, show, total))
    with _pool(processes) as (pool, counter):
        futures = [pool.submit(_in_process, settings, task, verify) for task in tasks]
        _watch(futures, lambda: show(counter.value, total))
        return [_outcome(future) for future in futures]


def _one_by_one(settings: Settings, tasks: Sequence[Task], verify: Verify, show: Show, total: int) -> Iterator[Result]:
    read = 0

    def add(records: int) -> None:
        nonlocal read
        read += records
        show(read, total)

    for task in tasks:
        yield verify(settings, task, add)


def _watch(futures: "Sequence[Future[Result | OperatorError]]", show: Callable[[], None]) -> None:
    waiting = set(futures)
    while waiting:
        _, waiting = wait(waiting, timeout=POLL_SECONDS)
        show()


@contextmanager
def _pool(processes: int) -> "Iterator[tuple[ProcessPoolExecutor, Synchronized[int]]]":
    context = multiprocessing.get_context("spawn")  # a fork would copy locks of librdkafka, but not its threads
    counter = context.Value("q", 0)
    with ProcessPoolExecutor(processes, context, _begin, (counter,)) as pool:
        yield pool, counter


_counter: "Synchronized[int] | None" = None


def _begin(counter: "Synchronized[int]") -> None:
    global _counter  # noqa: PLW0603 - a pool hands nothing else to its processes
    _counter = counter
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the first process, which ends this one


def _in_process(settings: Settings, task: Task, verify: Verify) -> Result | OperatorError:
    try:
        return verify(settings, task, _count)
    except OperatorError as error:
        return error


def _count(records: int) -> None:
    if _counter is not None:
        with _counter.get_lock():
            _counter.value += records


def _outcome(future: "Future[Result | OperatorError]") -> Result:
    outcome = future.result()
    if isinstance(outcome, OperatorError):
        raise outcome
    return outcome
