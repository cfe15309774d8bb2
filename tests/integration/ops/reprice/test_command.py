"""``memory-graph graph reprice`` with a real server."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import neo4j
import pytest
from typer.testing import CliRunner

from tests.model.written_history import CLEAR
from workers.cli.graph import app
from workers.config.settings import Neo4jSettings

AT = 1_430_000_000_000
"""A day in 2015 that no other test uses."""
MODEL = """
MERGE (i:Invocation {key: $name + '/s'})
SET i.trace_id = $name, i.model_id = 'm-' + $name, i.provider = 'acme', i.timestamp = datetime({epochMillis: $at}),
  i.prompt_tokens = 1000, i.completion_tokens = 500
MERGE (m:Model {model_id: 'm-' + $name}) SET m.provider = 'acme', m.sync_timestamp = datetime()
MERGE (p:Price {price_id: 'p-' + $name})
SET p.model_id = m.model_id, p.version = '1', p.context_window = 15000, p.input = '0.0000001', p.output = '1',
  p.effective_from = datetime({epochMillis: $at})
MERGE (m)-[:HAS_PRICE]->(p)
MERGE (v:ModelVersion {version_id: m.model_id + '@1'}) SET v.model_id = m.model_id
"""
FOUND = """
MATCH (i:Invocation {key: $name + '/s'})
RETURN i.cost_usd_exact AS exact, i.cost_usd AS usd, i.price_source AS source, i.price_id AS price_id,
  i.context_utilization AS utilization, [(i)-[:USES_VERSION]->(v) | v.version_id] AS versions
"""


@pytest.fixture
def graph(settings: Neo4jSettings) -> Iterator[neo4j.Session]:
    auth = (settings.username, settings.password.get_secret_value())
    with (
        neo4j.GraphDatabase.driver(settings.uri, auth=auth) as driver,
        driver.session(database=settings.database) as session,
    ):
        yield session


@pytest.fixture
def name(graph: neo4j.Session) -> Iterator[str]:
    name = uuid4().hex
    CliRunner().invoke(app, ["migrate"])
    graph.run(MODEL, name=name, at=AT).consume()
    yield name
    graph.run(CLEAR, name=name).consume()


def test_it_shows_then_writes_then_has_nothing_to_do(graph: neo4j.Session, name: str) -> None:
    since, until = (datetime.fromtimestamp((AT + more) / 1000, UTC).isoformat() for more in (0, 1))
    command = ["reprice", "--since", since, "--until", until]
    shown = CliRunner().invoke(app, [*command, "-o", "json"])
    assert shown.exit_code == 0, shown.output
    expected = {"invocations": 1, "differing": 1, "usd_before": "0", "usd_after": "0.5000001000"}
    assert json.loads(shown.stdout) == {
        "difference": {"total": expected, "by_model": {f"m-{name}": expected}},
        "written": None,
    }
    assert graph.run(FOUND, name=name).data()[0]["exact"] is None
    assert (
        CliRunner()
        .invoke(app, [*command, "--execute"])
        .stdout.endswith("1 repriced, 0 left, as they changed meanwhile\n")
    )
    assert graph.run(FOUND, name=name).data() == [
        {
            "exact": "0.5000001000",
            "usd": 0.5000001,
            "source": "registry",
            "price_id": f"p-{name}",
            "utilization": 0.1,
            "versions": [f"m-{name}@1"],
        }
    ]
    assert CliRunner().invoke(app, command).stdout.endswith("nothing to do\n")
