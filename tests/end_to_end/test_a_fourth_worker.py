"""A new worker, as in the README: folder, fleet entry, topology entry, schema."""

import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from ruamel.yaml import YAML

from tests.end_to_end.outsider import Serializer, read_all
from tests.end_to_end.program import Program, get, until
from tests.end_to_end.readme import ROOT, adding_a_worker
from tests.end_to_end.scene import Scene
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack

LAST_IMPORT = "from workers.pipelines.telemetry.worker import TELEMETRY\n"
LAST_ENTRY = '    "audit": AUDIT,\n'
RECORD = "com.llm.observatory.feedback.Feedback"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project, to which a worker can be added."""
    house = tmp_path_factory.mktemp("house")
    for part in ("workers", "schemas"):
        shutil.copytree(ROOT / part, house / part, ignore=shutil.ignore_patterns("__pycache__"))
    return house


def add_the_worker(house: Path) -> None:
    new = adding_a_worker()
    schema = house / "schemas" / "avro" / "feedback" / "Feedback.avsc"
    schema.parent.mkdir()
    schema.write_text(new.schema)
    folder = house / "workers" / "pipelines" / "feedback"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Scores that people give to answers."""\n')
    (folder / "worker.py").write_text(new.worker)
    fleet = house / "workers" / "pipelines" / "fleet.py"
    text = fleet.read_text()
    assert LAST_IMPORT in text
    assert LAST_ENTRY in text
    text = text.replace(LAST_IMPORT, f"{LAST_IMPORT}from workers.pipelines.feedback.worker import FEEDBACK\n")
    fleet.write_text(text.replace(LAST_ENTRY, f'{LAST_ENTRY}    "feedback": FEEDBACK,\n'))


def add_to_the_topology(scene: Scene) -> None:
    """Add the README's entry to the copy's topology, under the scene's names."""
    yaml = YAML()
    topology = yaml.load(ROOT / "topology.yaml")
    new = adding_a_worker().topology.replace("memory-graph-feedback", scene.group)
    entry = yaml.load(new.replace("feedback-events", scene.topic))
    entry["topics"][scene.topic]["partitions"] = scene.partitions
    for part in ("topics", "workers"):
        topology[part].update(entry[part])
    with scene.topology_path.open("w") as file:
        yaml.dump(topology, file)


@pytest.fixture(scope="module")
def scene(house: Path, settings: Settings, stack: RunningStack) -> Iterator[Scene]:
    add_the_worker(house)
    scene = Scene(
        name=f"feedback-{uuid4().hex[:8]}",
        settings=settings,
        environment=stack.environment,
        folder=house,
        partitions=2,
        worker="feedback",
        schemas=house / "schemas" / "avro",
    )
    add_to_the_topology(scene)
    yield scene
    scene.query("MATCH (f:Feedback) WHERE f.id STARTS WITH $name DETACH DELETE f", name=scene.name)
    scene.tear_down()


def program(scene: Scene, *arguments: str) -> Program:
    """Run the command line of the copy, not of this project."""
    command = (sys.executable, "-m", "workers.cli.main")
    log = scene.folder / f"{arguments[0]}.log"
    return Program(arguments, scene.environment, log, command=command, cwd=scene.folder)


def shows(url: str, text: str) -> bool:
    return text in get(url).text


def test_a_worker_made_as_the_readme_says_reads_writes_rejects_and_drains(scene: Scene) -> None:
    for preparation in (["graph", "migrate"], ["topology", "apply", "--execute"]):
        with program(scene, *preparation) as prepared:
            assert prepared.exit_code() == 0, prepared.tail()
    serialize = Serializer(scene.settings.schema_registry.url, scene.topic, scene.schemas / "feedback")
    scene.query("CREATE (:Invocation {key: $key, trace_id: $trace})", key=f"{scene.name}-1/s", trace=f"{scene.name}-1")
    log = scene.log()
    for number, score in enumerate((5, 9, 1), start=1):
        trace_id = f"{scene.name}-{number}"
        fields = {"feedback_id": trace_id, "trace_id": trace_id, "span_id": "s", "score": score}
        log.send(trace_id.encode(), serialize(RECORD, fields), partition=0)
    log.flush()

    with program(scene, "worker", "feedback") as worker:
        scene.until_caught_up(worker)
        address = worker.until_ready()
        for sample in ('feedback_scores_total{score="5"} 1.0', "feedback_unknown_calls 1.0"):
            until(partial(shows, f"{address}/metrics", f"\nllm_memory_graph_{sample}\n"), sample, worker)
        exit_code = worker.stop()

    cypher = (
        "MATCH (f:Feedback) WHERE f.id STARTS WITH $name OPTIONAL MATCH (f)-[:RATES]->(i:Invocation) "
        "RETURN f.id AS id, f.score AS score, i.key AS rated ORDER BY id"
    )
    assert scene.query(cypher, name=scene.name) == [
        {"id": f"{scene.name}-1", "score": 5, "rated": f"{scene.name}-1/s"},
        {"id": f"{scene.name}-3", "score": 1, "rated": None},
    ]
    (letter,) = read_all(scene.settings.kafka.bootstrap_servers, f"{scene.topic}.dlq")
    headers = dict(letter.headers() or [])
    assert headers["__dlq.errors.worker"] == b"feedback"
    assert headers["__dlq.errors.code"] == b"number.out_of_range"
    assert (exit_code, scene.lag()) == (0, 0)
