"""The evolution worker's spec: all that the runtime needs of this folder."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from workers.core.job import PeriodicJob
from workers.core.worker import WorkerSpec
from workers.pipelines.evolution.awaiting import Counting
from workers.pipelines.evolution.evolving import Evolving
from workers.pipelines.evolution.fold import fold
from workers.pipelines.evolution.migrating import Migrating
from workers.pipelines.evolution.model import Event
from workers.pipelines.evolution.parse import parse
from workers.pipelines.evolution.plan import plan
from workers.pipelines.evolution.publishing import Publishing

TOPIC = "schema-migrations"
FORWARD_WAIT_SECONDS = 300


def evolution_worker(topic: str, forward_wait_seconds: int) -> WorkerSpec[Event, Evolving]:
    """Return the worker whose log of decisions is ``topic``; forward changes wait so long at the most."""

    def procedures(has_api: bool) -> Sequence[PeriodicJob]:  # noqa: FBT001 - the runtime's one fact
        return Publishing(topic), Migrating(topic, forward_wait_seconds * 1_000, has_api), Counting()

    return WorkerSpec(
        name="evolution",
        source="registry",
        parse=parse,
        state_key=attrgetter("schema_id"),
        new_state=Evolving,
        load_state=Evolving.load,
        dump_state=Evolving.dump,
        fold=fold,
        plan=plan,
        event_type=attrgetter("event_type"),
        trace_of=lambda _: None,
        configure=configured,
        observed=attrgetter("observed"),
        procedures=procedures,
    )


def configured(options: Mapping[str, Any]) -> WorkerSpec[Event, Evolving]:
    """Return the worker as ``topic`` and the block ``migrate`` of ``topology.yaml`` say."""
    migrate = options.get("migrate", {})
    seconds = migrate.get("forward_wait_seconds", FORWARD_WAIT_SECONDS)
    return evolution_worker(options.get("topic", TOPIC), seconds)


WORKER = evolution_worker(TOPIC, FORWARD_WAIT_SECONDS)
