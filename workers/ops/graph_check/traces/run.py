"""Compare the chosen traces of each partition, then look for traces of the graph that no partition has."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from rbloom import Bloom

from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.kafka.reader import TopicReader
from workers.config.topics import dead_letter_topic
from workers.core.record import TopicPartition
from workers.engine.compose import Deployment, decoder_of
from workers.ops.graph_check.context import Context, Show
from workers.ops.graph_check.log import Decoding, PartitionLog, dead_letters_of
from workers.ops.graph_check.traces.partition import Checking, PartitionCheck
from workers.ops.graph_check.traces.sample import Slice, default_share
from workers.ops.graph_check.traces.whole_graph import UnknownTraces
from workers.ops.graph_check.watermarks import PartitionMark
from workers.pipelines.fleet import FLEET
from workers.pipelines.telemetry.options import TelemetryOptions
from workers.pipelines.telemetry.prices.catalogue import Catalogue
from workers.pipelines.telemetry.prices.registry_history import RegistryHistory
from workers.pipelines.telemetry.prices.registry_price_book import RegistryPriceBook
from workers.pipelines.telemetry.worker import build_with

WORKER = "telemetry"
FALSE_POSITIVES = 1e-6
"""One trace that nobody has sent is overlooked in a million; the filter has four bytes for each chosen record."""


async def check_traces(context: Context) -> None:
    """Compare the traces; none without a telemetry worker. Raises ``Unreachable``."""
    options = context.topology.workers.get(WORKER)
    if not isinstance(options, TelemetryOptions):
        return
    report, own = context.report, [mark for mark in context.report.marks if mark.worker == WORKER]
    marks = [mark for mark in own if mark.is_comparable]
    if context.request.share is None:
        report.share = default_share(sum(map(_records, marks)))
    chosen = Slice(0.0, report.share, report.seed)
    async with _checking(context, options, marks, chosen) as checking:
        kept = [await _check_partition(checking, context, mark, chosen) for mark in marks]
        if unmarked := sum(not mark.is_comparable and mark.log is not None for mark in own):
            why = "have no watermark that fits the topic: their traces were not compared, and no others looked for"
            report.notes.append(f"{unmarked} of {len(own)} partitions of {options.topic} {why}")
            return
        since = max((each for each in kept if each is not None), default=None)
        unknown = UnknownTraces(checking, TopicReader(context.settings.kafka, options.topic), marks, since)
        await unknown.check(chosen, Progress("traces of the graph", context.show).add)


async def _check_partition(checking: Checking, context: Context, mark: PartitionMark, chosen: Slice) -> int | None:
    """Compare a partition. Return since when the topic has it, epoch milliseconds; ``None`` for ever."""
    kafka, place = context.settings.kafka, TopicPartition(mark.topic, mark.partition)
    letters = TopicReader(kafka, dead_letter_topic(mark.topic))
    dead = await asyncio.to_thread(dead_letters_of, letters, place, chosen.has)
    log = PartitionLog(TopicReader(kafka, mark.topic), place, checking.decoding, dead)
    check = PartitionCheck(checking, mark, log)
    for part in chosen.parts(_records(mark)):
        await check.check(part)
    context.report.traces.dead_letters += log.dead_letters
    return log.kept_since if mark.low else None


def _records(mark: PartitionMark) -> int:
    return max(0, mark.next - mark.low)


def _passes(marks: Iterable[PartitionMark], chosen: Slice) -> int:
    """Return how many records are read, each once for each slice of its partition."""
    return sum(_records(mark) * len(list(chosen.parts(_records(mark)))) for mark in marks)


class Progress:
    """Shows how many there were, and of how many where that is known."""

    def __init__(self, subject: str, show: Show, of: int = 0) -> None:
        self._subject = subject
        self._show = show
        self._of = f" of {of:,}" if of else ""
        self._done = 0

    def add(self, count: int) -> None:
        """Count some more."""
        self._done += count
        self._show(f"{self._subject}: {self._done:,}{self._of}")


@asynccontextmanager
async def _checking(
    context: Context, options: TelemetryOptions, marks: Sequence[PartitionMark], chosen: Slice
) -> AsyncIterator[Checking]:
    """Yield the worker's own decoder, rules, fold and price book, with the registry as the graph has it."""
    catalogue = Catalogue()
    history = RegistryHistory(catalogue.named)
    spec, book = build_with(history, catalogue, options), RegistryPriceBook(history, catalogue)
    registry = SchemaRegistry(context.settings.schema_registry)
    known = Bloom(max(10_000, round(2 * sum(map(_records, marks)) * chosen.end)), FALSE_POSITIVES)
    progress = Progress("records of the topic", context.show, _passes(marks, chosen))
    try:
        codec = decoder_of(registry, Deployment(FLEET[WORKER], context.settings, context.topology))
        yield Checking(context.graph, Decoding(spec, codec), book, context.report, known, progress.add)
    finally:
        await registry.aclose()
