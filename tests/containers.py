"""The same servers as the local stack, in the same versions, as containers (``pytest --docker``)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import docker  # type: ignore[import-untyped]  # it ships no types
from docker.errors import DockerException  # type: ignore[import-untyped]  # same reason as above
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy, LogMessageWaitStrategy

from workers.dev.stack.jars import version_of
from workers.dev.stack.ports import choose_port

PASSWORD = "of-a-test-container"


def engine_answers() -> bool:
    """Whether there is a Docker engine to talk to."""
    try:
        client = docker.from_env(timeout=5)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except DockerException:
        return False


@contextmanager
def core_servers() -> Iterator[dict[str, str]]:
    """Kafka, Neo4j and the schema registry; yields the settings that lead there."""
    with ExitStack() as containers:
        kafka, bootstrap_servers = _kafka()
        neo4j, registry = _neo4j(), _registry()
        for each in (kafka, neo4j, registry):
            containers.enter_context(each)
        yield {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "NEO4J_URI": f"bolt://{neo4j.get_container_host_ip()}:{neo4j.get_exposed_port(7687)}",
            "NEO4J_USERNAME": "neo4j",
            "NEO4J_PASSWORD": PASSWORD,
            "NEO4J_DATABASE": "neo4j",
            "NEO4J_HTTP": f"http://{neo4j.get_container_host_ip()}:{neo4j.get_exposed_port(7474)}",
            "SCHEMA_REGISTRY_URL": (
                f"http://{registry.get_container_host_ip()}:{registry.get_exposed_port(8080)}/apis/ccompat/v7"
            ),
        }


def _kafka() -> tuple[DockerContainer, str]:
    """Clients are sent on to the advertised address, so the port outside must be known before the start."""
    port = choose_port((), ())
    settings = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }
    container = DockerContainer(f"apache/kafka:{version_of('kafka', 'kafka_2.13')}").with_bind_ports(9092, port)
    for name, value in settings.items():
        container = container.with_env(name, value)
    return container.waiting_for(LogMessageWaitStrategy("Kafka Server started")), f"127.0.0.1:{port}"


def _neo4j() -> DockerContainer:
    return (
        DockerContainer(f"neo4j:{version_of('neo4j', 'neo4j')}-community")
        .with_env("NEO4J_AUTH", f"neo4j/{PASSWORD}")
        .with_env("NEO4J_server_memory_heap_max__size", "1g")
        .with_env("NEO4J_server_memory_pagecache_size", "512m")
        .with_exposed_ports(7687, 7474)
        .waiting_for(HttpWaitStrategy(7474))
    )


def _registry() -> DockerContainer:
    return (
        DockerContainer(f"apicurio/apicurio-registry:{version_of('apicurio', 'apicurio-registry-app')}")
        .with_exposed_ports(8080)
        .waiting_for(HttpWaitStrategy(8080, "/apis/ccompat/v7/subjects"))
    )
