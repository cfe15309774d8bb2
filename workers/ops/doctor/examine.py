"""All checks, servers beside each other: those that are away are waited for once, not in turn."""

import asyncio
from itertools import chain

from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.core.errors import Misconfigured
from workers.ops.doctor.certificate_checks import check_certificates
from workers.ops.doctor.connector_checks import check_connector
from workers.ops.doctor.finding import Finding, failed, ok
from workers.ops.doctor.graph_checks import check_graph
from workers.ops.doctor.kafka_checks import check_kafka
from workers.ops.doctor.price_checks import check_prices
from workers.ops.doctor.schema_checks import check_schemas
from workers.ops.doctor.source_checks import check_source
from workers.ops.doctor.vault_checks import check_vault
from workers.pipelines.fleet import load_topology


async def examine() -> list[Finding]:
    """Run every check that makes sense; without settings or topology that is none further."""
    try:
        settings = Settings.from_environment()
    except Misconfigured as error:
        return [failed("settings", error)]
    findings = [ok("settings", "every variable is usable")]
    try:
        topology = load_topology(settings.topology_path)
    except Misconfigured as error:
        return [*findings, failed("topology", error), *await check_graph(settings.neo4j)]
    findings.append(ok("topology", f"{settings.topology_path} is in order"))
    return [*findings, *check_certificates(settings), *await _servers(settings, topology)]


async def _servers(settings: Settings, topology: Topology) -> list[Finding]:
    checks = await asyncio.gather(
        asyncio.to_thread(check_kafka, settings.kafka, topology),
        asyncio.to_thread(check_connector, settings.kafka_connect),
        asyncio.to_thread(check_source, settings.registry_database),
        check_schemas(settings.schema_registry, topology),
        check_graph(settings.neo4j),
        check_prices(settings.neo4j),
        asyncio.to_thread(check_vault, settings.vault),
    )
    return list(chain.from_iterable(checks))
