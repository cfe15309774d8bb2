"""The registry worker's spec: all that the runtime needs of this folder."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from workers.core.worker import WorkerSpec
from workers.registry.fold import folder
from workers.registry.known import Known, state_key
from workers.registry.model import Event
from workers.registry.parse import parser
from workers.registry.plan import planner
from workers.registry.policy import Policy


def registry_worker(policy: Policy) -> WorkerSpec[Event, Known]:
    """Return the worker as ``policy`` has it."""
    return WorkerSpec(
        name="registry",
        source="registry",
        parse=parser(policy.accept),
        state_key=state_key,
        new_state=Known,
        load_state=Known.load,
        dump_state=Known.dump,
        fold=folder(policy.merge),
        plan=planner(policy.merge),
        event_type=attrgetter("event_type"),
        trace_of=lambda _: None,
        change_events=True,
        configure=configured,
        observed=attrgetter("observed"),
    )


def configured(options: Mapping[str, Any]) -> WorkerSpec[Event, Known]:
    """Return the worker as the blocks ``merge`` and ``accept`` of ``topology.yaml`` say."""
    return registry_worker(Policy.of(options))


WORKER = registry_worker(Policy())
