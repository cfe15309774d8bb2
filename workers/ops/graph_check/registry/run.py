"""Compare the models and schemas of each partition of the registry's topic."""

from workers.ops.graph_check.context import Context, Progress
from workers.ops.graph_check.opened import decoding_of, open_log, passes
from workers.ops.graph_check.partition import Place
from workers.ops.graph_check.registry.partition import SubjectsOfPartition
from workers.ops.graph_check.sample import Slice
from workers.pipelines.registry.options import RegistryOptions
from workers.pipelines.registry.worker import build

WORKER = "registry"
EVERY = Slice(0.0, 1.0, 0)
"""All of them: they are few."""


async def check_registry(context: Context) -> None:
    """Compare models and schemas; none without a registry worker. Raises ``Unreachable``."""
    options = context.topology.workers.get(WORKER)
    if not isinstance(options, RegistryOptions):
        return
    report, own = context.report, [mark for mark in context.report.marks if mark.worker == WORKER]
    marks = [mark for mark in own if mark.is_comparable]
    if unmarked := sum(not mark.is_comparable and mark.log is not None and mark.log.end > 0 for mark in own):
        why = "have no watermark that fits the topic: their models were not compared"
        report.notes.append(f"{unmarked} of {len(own)} partitions of {options.topic} {why}")
    progress = Progress("changes of the registry", context.show, passes(marks, EVERY))
    async with decoding_of(context, build(options, has_api=context.settings.registry_api.url is not None)) as decoding:
        for mark in marks:
            log = await open_log(context, mark, decoding, EVERY)
            place = Place(context.graph, mark, log, report, report.registry, progress.add)
            for part in EVERY.parts(mark.written):
                await SubjectsOfPartition(place, decoding).check(part)
            report.registry.dead_letters += log.dead_letters
