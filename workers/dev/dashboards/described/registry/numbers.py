"""Says whether the graph has the registry, and whether somebody has to decide."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from workers.dev.dashboards.frame import Frame, Limits, Query
from workers.dev.dashboards.panels import stat
from workers.dev.dashboards.queries import Scope, highest, or_zero, total
from workers.observe.metric_list import PARKED_KEYS
from workers.pipelines.evolution.metrics import MIGRATIONS_WAITING
from workers.pipelines.registry.metrics import CAPTURE_RUNNING, MODELS, SYNC_FAILURES, SYNC_LAG

FLEET = Scope('namespace=~"$namespace"')
WIDTH, HEIGHT = 4, 4


def numbers() -> list[Panel]:
    """Return one line of numbers."""
    return [_connector(), _models(), _lag(), _failures(), _parked(), _waiting()]


def _connector() -> Panel:
    return stat(
        Frame(
            "Connector of the registry",
            units.Short,
            "Whether Debezium, which writes the registry's changes to Kafka, runs with all its tasks.",
            "runs. No value: `KAFKA_CONNECT_URL` is not set.",
            "changes stay in PostgreSQL, whose log grows. `memory-graph doctor` says how to start it again.",
            WIDTH,
            HEIGHT,
        ),
        Query(f"min({FLEET.of(CAPTURE_RUNNING)})"),
        named={0: ("stands", "red"), 1: ("runs", "green")},
    )


def _models() -> Panel:
    return stat(
        Frame(
            "Models in the graph",
            units.Short,
            "Models of the registry that the graph has, deleted ones included.",
            "as many as the registry's table `models`, and those that were deleted since.",
            "fewer: the connector stands, or rows are rejected. `memory-graph doctor`, then dead letters.",
            WIDTH,
            HEIGHT,
        ),
        Query(or_zero(highest(FLEET.of(MODELS)))),
    )


def _lag() -> Panel:
    return stat(
        Frame(
            "Age of the newest change",
            units.Seconds,
            "How old a change was at its source when the graph got it: the newest of the last batch.",
            "a few seconds. It keeps its value until the next change comes.",
            "minutes: Debezium or the worker is behind. See the lag on the worker's dashboard.",
            WIDTH,
            HEIGHT,
        ),
        Query(highest(FLEET.of(SYNC_LAG))),
        Limits(30, 300),
    )


def _failures() -> Panel:
    return stat(
        Frame(
            "Changes rejected",
            units.Short,
            "Changes that became dead letters in the time range.",
            "0.",
            "`memory-graph dlq list --topic registry-changes` names the column and the rule.",
            WIDTH,
            HEIGHT,
        ),
        Query(or_zero(FLEET.counted(SYNC_FAILURES, window="$__range"))),
        Limits(warning=1),
    )


def _parked() -> Panel:
    return stat(
        Frame(
            "Parked keys",
            units.Short,
            "Models or schemas whose changes wait behind a dead letter.",
            "0.",
            "`memory-graph dlq release` shows them. Replay the first letter, or give it up.",
            WIDTH,
            HEIGHT,
        ),
        Query(or_zero(total(FLEET.of(PARKED_KEYS, 'worker="registry"')))),
        Limits(critical=1),
    )


def _waiting() -> Panel:
    return stat(
        Frame(
            "Migrations that wait for approval",
            units.Short,
            "Versions of schemas that break their callers.",
            "0.",
            "`memory-graph registry list`, then `approve` or `reject`. Later versions of the schema wait behind it.",
            WIDTH,
            HEIGHT,
        ),
        Query(or_zero(highest(FLEET.of(MIGRATIONS_WAITING)))),
        Limits(warning=1),
    )
