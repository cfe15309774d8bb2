"""Run the checks, one after the other."""

from workers.adapters.graph.connection import GraphConnection
from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.ops.graph_check import watermarks
from workers.ops.graph_check.audit_chains import chain_findings, verified_chains
from workers.ops.graph_check.context import Check, Context, Request, Show
from workers.ops.graph_check.registry.run import check_registry
from workers.ops.graph_check.report import Report
from workers.ops.graph_check.structure import dangling
from workers.ops.graph_check.traces.run import check_traces
from workers.ops.graph_check.watermarks import marks_of


async def verify(settings: Settings, topology: Topology, request: Request, show: Show) -> Report:
    """Compare the graph with the topics. Raises ``Misconfigured``, ``Unreachable``."""
    report, checks = Report(request.limit, request.share or 1.0, request.seed), request.checks
    async with GraphConnection(settings.neo4j) as graph:
        context = Context(settings, topology, graph, request, report, show)
        await _read_marks(context)
        if Check.WATERMARKS in checks:
            report.add(watermarks.findings(report.marks))
        if Check.AUDIT in checks:
            await _check_chains(context)
        if Check.REGISTRY in checks:
            await check_registry(context)
        if Check.TRACES in checks:
            await check_traces(context)
        if Check.RELATIONSHIPS in checks:
            every = [each async for each in dangling(graph, request.limit, show)]
            report.add(each for each in every if not report.has(each.subject))
    return report


async def _read_marks(context: Context) -> None:
    for name, options in context.topology.workers.items():
        context.show(f"watermarks: {name}")
        found = await marks_of(context.graph, context.settings.kafka, name, options.topic, options.group)
        context.report.marks += found


async def _check_chains(context: Context) -> None:
    def show(read: int, of: int) -> None:
        context.show(f"audit chains: {read:,} of {of:,} records")

    results = await verified_chains(context.settings, context.topology, show)
    context.report.audit_chains = len(results)
    context.report.add(chain_findings(results))
