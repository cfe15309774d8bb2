"""A CPU profiler with little overhead, which samples the stack on a timer.

The kernel counts the CPU time of the process (ITIMER_PROF). Each sample has the weight of the main thread's CPU time
since the last one, so waiting and other processes do not count. CPU time of C code between two
lines of Python (unpacking Avro, compressing, reading sockets) counts for the line that called it.
"""

import gc
import signal
import time
from collections import Counter
from types import CodeType, FrameType
from typing import Any

from workers.dev.bench.profile.stages import GARBAGE, THREADS, place_of, stage_of

EVERY_SECONDS = 0.002
TOP = 60


class Sampler:
    """Samples the main thread between ``start`` and ``stop``."""

    def __init__(self) -> None:
        self._stages: Counter[str] = Counter()
        self._functions: Counter[CodeType] = Counter()
        self._cumulative: Counter[CodeType] = Counter()
        self._last_ns = 0
        self._process_ns = 0
        self._collecting_since: int | None = None
        self.samples = 0

    def start(self) -> None:
        """Start sampling; call this from the main thread."""
        self._last_ns, self._process_ns = time.thread_time_ns(), time.process_time_ns()
        gc.callbacks.append(self._collect)
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, EVERY_SECONDS, EVERY_SECONDS)

    def stop(self) -> None:
        """Stop sampling; store the CPU time of the other threads as a stage."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        gc.callbacks.remove(self._collect)
        whole = time.process_time_ns() - self._process_ns
        self._stages[THREADS] = max(0, whole - sum(self._stages.values()))

    def as_data(self) -> dict[str, Any]:
        """Return nanoseconds by stage, and by function: alone, and with its calls."""
        return {
            "samples": self.samples,
            "stages": dict(self._stages.most_common()),
            "functions": {place_of(code): spent for code, spent in self._functions.most_common(TOP)},
            "cumulative": {place_of(code): spent for code, spent in self._cumulative.most_common(TOP)},
        }

    def _collect(self, phase: str, _info: dict[str, int]) -> None:
        """Measure the garbage collector separately.

        Otherwise its time would count for the interrupted line.
        """
        now = time.thread_time_ns()
        if phase == "start":
            self._collecting_since = now
        elif self._collecting_since is not None:
            spent = now - self._collecting_since
            self._stages[GARBAGE] += spent
            self._last_ns += spent
            self._collecting_since = None

    def _sample(self, _number: int, frame: FrameType | None) -> None:
        if self._collecting_since is not None:
            return
        now = time.thread_time_ns()
        spent, self._last_ns = now - self._last_ns, now
        self.samples += 1
        self._stages[stage_of(frame)] += spent
        if frame is not None:
            self._functions[frame.f_code] += spent
        codes = set()
        while frame is not None:
            codes.add(frame.f_code)
            frame = frame.f_back
        for code in codes:
            self._cumulative[code] += spent
