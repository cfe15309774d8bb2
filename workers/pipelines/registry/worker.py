"""The registry worker's spec: all that the runtime needs of this folder."""

from collections.abc import Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from workers.core.job import PeriodicJob
from workers.core.worker import WorkerSpec
from workers.pipelines.registry.fold import folder
from workers.pipelines.registry.mismatches import Mismatches
from workers.pipelines.registry.model import Event
from workers.pipelines.registry.parse import parser
from workers.pipelines.registry.plan import planner
from workers.pipelines.registry.policy import Policy
from workers.pipelines.registry.state import RegistryState, state_key
from workers.pipelines.registry.usage.periods import past_periods, recent_periods
from workers.pipelines.registry.usage.reports import Reports
from workers.pipelines.registry.usage.windows import Windows


def registry_worker(policy: Policy) -> WorkerSpec[Event, RegistryState]:
    """Return the worker as ``policy`` has it."""
    return WorkerSpec(
        name="registry",
        source="registry",
        parse=parser(policy.accept),
        state_key=state_key,
        new_state=RegistryState,
        load_state=RegistryState.load,
        dump_state=RegistryState.dump,
        fold=folder(policy.merge),
        plan=planner(policy.merge),
        event_type=attrgetter("event_type"),
        trace_of=lambda _: None,
        change_events=True,
        configure=configured,
        observed=attrgetter("observed"),
        procedures=partial(procedures, policy),
    )


def procedures(policy: Policy, api: bool) -> Sequence[PeriodicJob]:  # noqa: FBT001 - the spec's, which has nothing else to tell
    """Return what the worker does that no record triggers; ``api`` tells whether the registry's can be called."""
    mismatches = (Mismatches(),) if api else ()
    if policy.usage is None:
        return mismatches
    usage = policy.usage
    return (*mismatches, recent_periods(usage), past_periods(usage), Windows(usage), Reports(usage, api))


def configured(options: Mapping[str, Any]) -> WorkerSpec[Event, RegistryState]:
    """Return the worker as its own blocks of ``topology.yaml`` say."""
    return registry_worker(Policy.of(options))


WORKER = registry_worker(Policy())
