"""The real servers have the settings that the workers need."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import neo4j
import psycopg
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]  # re-exported in fact

from workers.dev.stack.jars import version_of
from workers.dev.stack.running import RunningStack


@pytest.fixture
def kafka(stack: RunningStack) -> AdminClient:
    return AdminClient({"bootstrap.servers": stack.kafka})


@pytest.fixture
def database(stack: RunningStack) -> Iterator[neo4j.Driver]:
    with neo4j.GraphDatabase.driver(stack.neo4j_uri, auth=stack.neo4j_auth) as driver:
        yield driver


def get(url: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", parts.path + path, headers=headers or {})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def test_kafka_creates_no_topics_by_itself_and_has_the_default_message_limit(kafka: AdminClient) -> None:
    (future,) = kafka.describe_configs([ConfigResource(ConfigResource.Type.BROKER, "1")]).values()
    settings = future.result(timeout=20)
    assert settings["auto.create.topics.enable"].value == "false"
    assert settings["message.max.bytes"].is_default


def test_kafka_is_reached_at_the_address_it_advertises(kafka: AdminClient, stack: RunningStack) -> None:
    try:
        brokers = kafka.list_topics(timeout=20).brokers
    except KafkaException as error:
        pytest.fail(str(error))
    assert [f"{broker.host}:{broker.port}" for broker in brokers.values()] == [stack.kafka]


def test_neo4j_accepts_the_password_and_has_the_locked_version(database: neo4j.Driver, stack: RunningStack) -> None:
    record = database.execute_query(
        "CALL dbms.components() YIELD name, versions, edition WHERE name = 'Neo4j Kernel' RETURN versions[0], edition",
        database_=stack.neo4j_database,
    ).records[0]
    assert record.values() == [version_of("neo4j", "neo4j"), "community"]


def test_the_neo4j_browser_is_served(stack: RunningStack) -> None:
    status, page = get(stack.environment["NEO4J_HTTP"], "/browser/")
    assert status == 200
    assert b"Neo4j Browser" in page


def test_the_schema_registry_has_the_confluent_api(stack: RunningStack) -> None:
    status, body = get(stack.schema_registry, "/subjects")
    assert (status, type(json.loads(body))) == (200, list)


def test_connect_has_the_plugins_that_change_data_capture_needs(stack_with_cdc_and_vault: RunningStack) -> None:
    status, body = get(stack_with_cdc_and_vault.kafka_connect, "/connector-plugins?connectorsOnly=false")
    classes = {plugin["class"] for plugin in json.loads(body)}
    assert status == 200
    assert "io.debezium.connector.postgresql.PostgresConnector" in classes
    assert "io.apicurio.registry.utils.converter.AvroConverter" in classes
    assert "io.debezium.transforms.ByLogicalTableRouter" in classes


def test_the_registry_database_has_its_tables_and_logical_decoding(stack_with_cdc_and_vault: RunningStack) -> None:
    tables = "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(stack_with_cdc_and_vault.registry_database) as database:
        assert database.execute(tables).fetchone() == ("capabilities debezium_signals model_versions models schemas",)
        assert database.execute("SHOW wal_level").fetchone() == ("logical",)


def test_the_vault_is_unsealed_and_accepts_the_token(stack_with_cdc_and_vault: RunningStack) -> None:
    address, token = stack_with_cdc_and_vault.vault
    status, body = get(address, "/v1/auth/token/lookup-self", {"X-Vault-Token": token})
    assert status == 200
    assert json.loads(body)["data"]["policies"] == ["root"]
