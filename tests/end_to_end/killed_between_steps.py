"""The evolution worker in a process of its own, killed once after each kind of step.

Only this program reads the variable SURVIVED: a file with the moments at which earlier processes were killed.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import uvloop

from workers.adapters.graph.recorder import Neo4jRecorder
from workers.adapters.graph.writer import Neo4jWriter
from workers.config.settings import Settings
from workers.core.job import AnyStep, Call, Effect, Publish
from workers.core.ports import Claim
from workers.core.reference import Query
from workers.core.statement import Statement
from workers.engine.jobs.effects import Effects
from workers.engine.jobs.runner import Runner
from workers.engine.process import run_worker
from workers.observe.log import configure_logging
from workers.pipelines.evolution.write.statements import MIGRATIONS
from workers.pipelines.fleet import FLEET, load_topology

STATE = MIGRATIONS.columns.index("state")


class Moments:
    """The moments to be killed at, each once."""

    def __init__(self, survived: Path) -> None:
        self._survived = survived

    def pass_by(self, moment: str) -> None:
        if moment in self._survived.read_text().splitlines():
            return
        with self._survived.open("a") as file:
            file.write(f"{moment}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def hook(moments: Moments) -> None:
    """Add a moment after every external effect of the worker.

    A step is finished before its record in the log is written to the graph: otherwise that write's moment could end
    the process, and the step's own moment might get no other chance.
    """
    step = Runner._run_step  # noqa: SLF001 - nothing public begins and ends where a step does
    do, record, write = Effects.run, Neo4jRecorder.record, Neo4jWriter.write
    under_way = asyncio.Lock()

    async def stepping(self: Runner, work: AnyStep) -> None:
        async with under_way:
            await step(self, work)

    async def doing(self: Effects, effect: Effect) -> Mapping[str, Any]:
        found = await do(self, effect)
        if isinstance(effect, Call | Publish):
            moments.pass_by(effect.record_name.rpartition(".")[2] if isinstance(effect, Publish) else effect.method)
        return found

    async def recording(self: Neo4jRecorder, question: Query) -> None:
        await record(self, question)
        written = "notified" if "notified_at" in question.cypher else "announced"
        moments.pass_by(f"{written} {question.parameters.get('state', '')}".strip())

    async def writing(self: Neo4jWriter, claim: Claim, through: int, statements: Sequence[Statement]) -> Claim:
        async with under_way:
            pass
        written = await write(self, claim, through, statements)
        for row in (row for statement in statements if statement.name == MIGRATIONS.name for row in statement.rows):
            assert not isinstance(row, dict)
            moments.pass_by(f"wrote {list(row)[STATE]}")
        return written

    for owner, name, replacement in (
        (Runner, "_run_step", stepping),
        (Effects, "run", doing),
        (Neo4jRecorder, "record", recording),
        (Neo4jWriter, "write", writing),
    ):
        mock.patch.object(owner, name, replacement).start()


def main(name: str) -> None:
    """Run the worker as ``memory-graph worker`` does."""
    settings = Settings.from_environment()
    topology = load_topology(settings.topology_path)
    configure_logging(settings.log)
    hook(Moments(Path(os.environ["SURVIVED"])))
    uvloop.run(run_worker(FLEET[name], settings, topology))
