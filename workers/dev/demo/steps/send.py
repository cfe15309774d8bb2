"""Send records and wait until the graph has them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from workers.adapters.kafka.keyed_producer import Sent
from workers.core.errors import ProblemsFound
from workers.dev.demo.report import Throughput, Visibility
from workers.dev.demo.steps.fleet import Fleet
from workers.dev.demo.visible import Visible, percentile
from workers.dev.sample.pace import paced
from workers.dev.sample.produce import TelemetryProducer
from workers.dev.sample.records.poison import Poison
from workers.dev.sample.records.sampled import Sampled
from workers.dev.sample.records.tally import Tally

STUCK_SECONDS = 120.0
"""Seconds without progress after which sending fails."""
BULK_POLL_SECONDS = 0.05
PACED_POLL_SECONDS = 0.01


@dataclass(slots=True)
class Sending:
    """Sends records in several passes. ``sent`` holds partition and offset of each record of all passes.

    ``watermarks`` returns the last offset by partition: queries see a record at or below it.
    """

    producer: TelemetryProducer
    watermarks: Callable[[], Awaitable[Mapping[int, int]]]
    fleet: Fleet
    tally: Tally
    sent: set[tuple[int, int]] = field(default_factory=set)

    async def at_once(self, items: Iterable[Sampled | Poison], progress: Callable[[int, int], None]) -> Throughput:
        """Send all items as fast as possible; return when the graph has them. Raises ``ProblemsFound``."""
        visible, started = Visible(), time.monotonic()
        await self._pass(items, 0, visible, BULK_POLL_SECONDS, progress)
        return Throughput(len(visible.seconds), time.monotonic() - started)

    async def at_rate(
        self, items: Iterable[Sampled | Poison], rate: float, progress: Callable[[int, int], None]
    ) -> Visibility | None:
        """Send items at ``rate`` a second; measure when each becomes visible. ``None`` without items.

        Raises ``ProblemsFound``.
        """
        visible = Visible()
        looks = await self._pass(items, rate, visible, PACED_POLL_SECONDS, progress)
        if not visible.seconds:
            return None
        took = sorted(seconds * 1000 for seconds in visible.seconds)
        between = median(later - earlier for earlier, later in pairwise(looks)) * 1000
        p50, p90, p99 = (percentile(took, share) for share in (0.5, 0.9, 0.99))
        return Visibility(len(took), rate, p50, p90, p99, max_ms=took[-1], poll_ms=between)

    async def _pass(
        self,
        items: Iterable[Sampled | Poison],
        rate: float,
        visible: Visible,
        poll_seconds: float,
        progress: Callable[[int, int], None],
    ) -> list[float]:
        """Send and look until everything sent was seen; return the times of the looks."""

        def on_sent(sent: Sent) -> None:
            self.sent.add((sent.partition, sent.offset))
            visible.sent(sent)

        sending = asyncio.ensure_future(self.producer.send(paced(items, rate), self.tally, on_sent))
        looks: list[float] = []
        progressed, seen = time.monotonic(), 0
        while not sending.done() or visible.pending:
            watermarks = await self.watermarks()
            now = time.monotonic()
            looks.append(now)
            visible.see(watermarks, now)
            if len(visible.seconds) > seen or not sending.done():
                progressed, seen = now, len(visible.seconds)
            self.fleet.check()
            if now - progressed > STUCK_SECONDS:
                raise ProblemsFound(_stuck(self.fleet, visible.pending))
            progress(seen, seen + visible.pending)
            await asyncio.sleep(poll_seconds)
        await sending
        return looks


def _stuck(fleet: Fleet, pending: int) -> str:
    tails = "\n".join(worker.tail() for worker in fleet.workers)
    return f"{pending:,} records have not reached the graph, and none did for {STUCK_SECONDS:.0f} s; {tails}"
