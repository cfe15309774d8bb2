"""The expressions and the limits that several panels have."""

from workers.dev.dashboards.frame import Limits
from workers.dev.dashboards.queries import Scope, highest
from workers.observe import metric_list as metrics

FLEET = Scope('namespace=~"$namespace", worker=~"$workers"')
ERRORS = FLEET.per_second(metrics.EVENTS_PROCESSED, 'status="error"')
PROCESSED = FLEET.per_second(metrics.EVENTS_PROCESSED)
LAG = FLEET.of(metrics.KAFKA_LAG)
AGE = FLEET.of(metrics.EVENT_TIME_LAG)
BREAKER = FLEET.of(metrics.BREAKER_STATE)
FIRING = FLEET.of("ALERTS", 'alertstate="firing"')
ALERT_AGE = f"time() - {FLEET.of('ALERTS_FOR_STATE')} and ignoring (alertstate) {FIRING}"
UNREADY = FLEET.of(metrics.UNREADY)
LETTERS = highest(FLEET.of(metrics.DEAD_LETTERS_WAITING), "worker", "topic", "code")
P99 = f"{FLEET.quantile(0.99, metrics.PROCESSING_DURATION, 'worker')} >= 0"  # not NaN, which is without events

LAG_LIMITS = Limits(5_000, 10_000)
AGE_LIMITS = Limits(60, 300)
ERROR_LIMITS = Limits(0.001, 0.05)
LATENCY_LIMITS = Limits(0.5, 2)
