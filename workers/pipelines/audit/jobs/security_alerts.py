"""The jobs that raise security alerts about new events of all partitions, and count those of the last hour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.core.job import Step
from workers.core.metric import Measurement
from workers.core.reference import Query
from workers.pipelines.audit.alerts.alert import DENIED, READ, Accesses
from workers.pipelines.audit.alerts.options import Alerts
from workers.pipelines.audit.alerts.rules import HOUR_MS, RULES, alerts_of
from workers.pipelines.audit.chain.stored import IS_TIME
from workers.pipelines.audit.metrics import ALERTS

PAGE = 500
"""New events of a partition that are examined at once."""

# ``examined`` events of a chain were looked at. A user's accesses are in many partitions: all of them are asked for.
DUE = """
MATCH (c:AuditChain {topic: $topic}) WHERE coalesce(c.examined, 0) < c.length
WITH c, coalesce(c.examined, 0) AS examined
WITH c, examined, CASE WHEN c.length < examined + $page THEN c.length ELSE examined + $page END AS through
CALL (c, examined, through) {
  OPTIONAL MATCH (e:AuditEvent)
  WHERE e.topic = c.topic AND e.chain_id = c.chain_id AND e.partition = c.partition
    AND e.sequence > examined AND e.sequence <= through
    AND e.event_type IN $types AND e.user_id IS NOT NULL AND IS_TIME
  RETURN collect(e) AS events
}
WITH collect({id: c.id, through: through}) AS chains, reduce(all = [], each IN collect(events) | all + each) AS events
CALL (events) {
  UNWIND events AS e
  WITH e.user_id AS user_id, collect([e.event_type, e.timestamp.epochMillis, e.classification, e.content_id]) AS fresh,
    min(e.timestamp) AS first, max(e.timestamp) AS last
  CALL (user_id, first, last) {
    MATCH (a:AuditEvent)
    WHERE a.user_id = user_id AND a.timestamp > first - duration({milliseconds: $window})
      AND a.timestamp < last + duration({milliseconds: $window}) AND a.event_type IN $types
    WITH a LIMIT 20000
    RETURN collect([a.event_type, a.timestamp.epochMillis, a.classification, a.content_id]) AS around
  }
  CALL (user_id, first) {
    MATCH (a:AuditEvent)
    WHERE a.user_id = user_id AND a.timestamp < first AND a.timestamp > first - duration({days: 30})
      AND a.event_type STARTS WITH 'content.'
    WITH a ORDER BY a.timestamp DESC LIMIT 1000
    RETURN collect(a.timestamp.hour) AS hours
  }
  RETURN collect({user_id: user_id, fresh: fresh, around: around, hours: hours}) AS users
}
WITH chains, users WHERE size(chains) > 0
RETURN chains, users
""".replace("IS_TIME", IS_TIME)  # an f-string would need every brace twice

RAISE = """
UNWIND $chains AS each
MATCH (c:AuditChain {id: each.id}) SET c.examined = each.through
WITH count(c) AS examined
UNWIND $alerts AS alert
MERGE (a:SecurityAlert {id: alert.id})
  ON CREATE SET a.rule = alert.rule, a.user_id = alert.user_id, a.classification = alert.classification,
    a.raised_at = datetime()
SET a.timestamp = CASE WHEN a.timestamp < datetime({epochMillis: alert.at}) THEN a.timestamp
    ELSE datetime({epochMillis: alert.at}) END,
  a.events = CASE WHEN a.events > alert.events THEN a.events ELSE alert.events END
MERGE (u:User {user_id: alert.user_id})
MERGE (a)-[:ABOUT]->(u)
"""

RECENT = """
MATCH (a:SecurityAlert) WHERE a.raised_at > datetime({epochMillis: $since})
RETURN a.rule AS rule, count(a) AS alerts
"""


@dataclass(frozen=True, slots=True)
class RaiseAlerts:
    """Examines each event once, with the accesses of its user around it."""

    topic: str
    options: Alerts
    name: str = "security-alerts"
    every_seconds: float = 5.0

    def query(self, now_ms: int) -> Query:  # noqa: ARG002 - what is due does not depend on the time
        """Return the query for the accesses around the next events of each chain."""
        window = max(self.options.denials.window_ms, self.options.many_contents.window_ms)
        return Query(DUE, {"topic": self.topic, "page": PAGE, "types": [DENIED, READ], "window": window})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:  # noqa: ARG002 - same reason as above
        """Return one step, which raises the alerts and stores what was examined."""
        for row in rows:
            alerts = [each for user in row["users"] for each in alerts_of(Accesses.of(user), self.options)]
            parameters = {"chains": row["chains"], "alerts": [each._asdict() for each in alerts]}
            yield Step([], Query(RAISE, parameters))


@dataclass(frozen=True, slots=True)
class CountAlerts:
    """Sets a gauge, and changes nothing."""

    name: str = "security-alerts-recent"
    every_seconds: float = 15.0

    def query(self, now_ms: int) -> Query:
        """Return the query for the alerts that were raised within an hour."""
        return Query(RECENT, {"since": now_ms - HOUR_MS})

    def steps(self, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Iterable[Step]:  # noqa: ARG002 - the query has it
        """Return a step that sets the gauge of each rule."""
        counts = {row["rule"]: row["alerts"] for row in rows}
        return [Step([Measurement(ALERTS, counts.get(rule, 0), (rule,)) for rule in RULES], None)]
