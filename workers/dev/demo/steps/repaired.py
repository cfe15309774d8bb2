"""Repair dead letters with the operators' tool, and send them back."""

from collections.abc import Mapping

from workers.config.settings import Settings
from workers.config.topology import Topology
from workers.dev.sample.records.poison import PoisonKind
from workers.ops.dead_letters.journal import who_does_it
from workers.ops.dead_letters.replaying.carry_out import Order, carry_out, rules_of
from workers.ops.dead_letters.replaying.repair import expression
from workers.ops.dead_letters.replaying.replay import Replay
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection

CODES = frozenset({"event_type.unknown", "field.missing"})
REPAIRABLE = (PoisonKind.EMPTY_EVENT_ID, PoisonKind.UNKNOWN_EVENT_TYPE)
"""The bad records of these codes that can be repaired: without a trace or a span, nobody knows where one belongs."""
PATCH = """{
  event_id: event_id || join('-', [trace_id, span_id, 'repaired']),
  event_type: event_type == 'llm.invocation.paused' && 'llm.invocation.complete' || event_type,
  metadata: {use_case: 'repaired'}
}"""
"""The use case makes them visible in the graph."""
WHY = "the demo: they had no event_id, or an event_type that does not exist"


def repairable(poison: Mapping[str, int]) -> int:
    """Return how many of the bad records, counted by kind, can be repaired."""
    return sum(poison.get(kind.value, 0) for kind in REPAIRABLE)


async def send_back_repaired(settings: Settings, topology: Topology, topic: str) -> None:
    """Do what ``memory-graph dlq replay --patch`` does. Raises ``ProblemsFound``, ``Unreachable``."""
    rules = rules_of(settings.kafka, topology.topics)
    replay = Replay(DeadLetters(settings.kafka, topic), Selection(codes=CODES), rules)
    order = Order([expression(PATCH)], who_does_it(None, WHY))
    await carry_out(settings, topology, replay, order, lambda _: None)
