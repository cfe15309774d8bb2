"""Compare the chosen traces of each partition, then look for traces of the graph that no partition has."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rbloom import Bloom

from workers.ops.graph_check.context import Context, Progress
from workers.ops.graph_check.opened import decoding_of, open_log, passes
from workers.ops.graph_check.partition import Place
from workers.ops.graph_check.sample import Slice, default_share
from workers.ops.graph_check.traces.partition import Telemetry, TracesOfPartition
from workers.ops.graph_check.traces.whole_graph import UnknownTraces
from workers.ops.graph_check.watermarks import PartitionMark
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
        report.share = default_share(sum(mark.written for mark in marks))
    chosen = Slice(0.0, report.share, report.seed)
    async with _telemetry(context, options, marks, chosen) as telemetry:
        progress = Progress("records of telemetry", context.show, passes(marks, chosen))
        kept = [await _check_partition(context, telemetry, mark, chosen, progress) for mark in marks]
        if unmarked := sum(not mark.is_comparable and mark.log is not None for mark in own):
            why = "have no watermark that fits the topic: their traces were not compared, and no others looked for"
            report.notes.append(f"{unmarked} of {len(own)} partitions of {options.topic} {why}")
        elif marks:
            since = max((each for each in kept if each is not None), default=None)
            unknown = UnknownTraces(context, telemetry, marks, since)
            await unknown.check(chosen, Progress("traces of the graph", context.show).add)


async def _check_partition(
    context: Context, telemetry: Telemetry, mark: PartitionMark, chosen: Slice, progress: Progress
) -> int | None:
    """Compare a partition. Return since when the topic has it, epoch milliseconds; ``None`` for ever."""
    log = await open_log(context, mark, telemetry.decoding, chosen)
    compared = context.report.traces
    check = TracesOfPartition(Place(context.graph, mark, log, context.report, compared, progress.add), telemetry)
    for part in chosen.parts(mark.written):
        await check.check(part)
    compared.dead_letters += log.dead_letters
    return log.kept_since if mark.low else None


@asynccontextmanager
async def _telemetry(
    context: Context, options: TelemetryOptions, marks: Sequence[PartitionMark], chosen: Slice
) -> AsyncIterator[Telemetry]:
    """Yield the worker's own decoder, rules, fold and price book, with the registry as the graph has it."""
    catalogue = Catalogue()
    history = RegistryHistory(catalogue.named)
    spec, book = build_with(history, catalogue, options), RegistryPriceBook(history, catalogue)
    records = sum(mark.written for mark in marks) * chosen.end
    async with decoding_of(context, spec) as decoding:
        yield Telemetry(decoding, book, Bloom(max(10_000, round(2 * records)), FALSE_POSITIVES))
