"""The dead letters: how many wait, why, for how long, and whether they are soon lost."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from workers.dev.dashboards.board import About, board, data_source, label_values, to_worker, workers
from workers.dev.dashboards.frame import Frame, Limits, Query
from workers.dev.dashboards.panels import stat, time_series
from workers.dev.dashboards.queries import Scope, highest, or_zero, share, total
from workers.dev.dashboards.tables import Column, table
from workers.observe import metric_list as metrics

FLEET = Scope('namespace=~"$namespace", worker=~"$workers"')
HOUR, DAY = 3_600, 86_400
AGE_LIMITS = Limits(DAY, 5 * DAY)
RETENTION_LIMITS = Limits(0.01, 0.5)

# One process of each worker has these gauges. While its partition moves to another one, both may have them.
LETTERS = highest(FLEET.of(metrics.DEAD_LETTERS_WAITING), "worker", "topic", "code")
AGE = FLEET.of(metrics.DEAD_LETTERS_OLDEST_AGE)
NEAR_END = FLEET.of(metrics.DEAD_LETTERS_NEAR_RETENTION)


def dashboard() -> Dashboard:
    """Return the dashboard."""
    about = About(
        "dead-letters",
        "Memory-Graph / Dead letters",
        "Bad records: why they failed, and how long is left to repair them. Kafka deletes them after 7 days.",
        "now-6h",
    )
    variables = [data_source(), label_values("namespace", text="Namespace"), workers()]
    rows = [
        ("Now", [_waiting(), _oldest(), _near_retention(), _parked(), _parked_age(), _kinds(), _over_time()]),
        ("Coming in", [_by_code(), _by_stage(), _share()]),
    ]
    return board(about, variables, rows)


def _waiting() -> Panel:
    return stat(
        Frame(
            "Waiting",
            units.Short,
            "Letters that are kept and were not replayed.",
            "0.",
            "`memory-graph dlq browse`: repair the cause, then replay; purge what nobody needs.",
            5,
            4,
        ),
        Query(or_zero(total(LETTERS))),
        Limits(warning=1),
    )


def _oldest() -> Panel:
    return stat(
        Frame(
            "Oldest",
            units.Seconds,
            "Time since the oldest waiting letter failed.",
            "under a day.",
            "after 7 days Kafka deletes it: `memory-graph dlq list` begins with the oldest.",
            5,
            4,
        ),
        Query(or_zero(highest(AGE))),
        AGE_LIMITS,
    )


def _near_retention() -> Panel:
    return stat(
        Frame(
            "Lost within 24 h",
            units.PercentUnit,
            "Share of the waiting letters that Kafka deletes for their age within a day; of the worst topic.",
            "0.",
            "replay them today, or save them with `memory-graph dlq show -o json`.",
            5,
            4,
        ),
        Query(or_zero(highest(NEAR_END))),
        RETENTION_LIMITS,
    )


def _parked() -> Panel:
    return stat(
        Frame(
            "Parked keys",
            units.Short,
            "Keys whose later records wait behind a dead letter (`order: strict`).",
            "0.",
            "`memory-graph dlq release` shows them with their offsets.",
            5,
            4,
        ),
        Query(or_zero(total(FLEET.of(metrics.PARKED_KEYS)))),
        Limits(critical=1),
    )


def _parked_age() -> Panel:
    return stat(
        Frame(
            "First key parked since",
            units.Seconds,
            "How long the first parked key has waited.",
            "0.",
            "replay the first letter of the key, or give it up: `memory-graph dlq release KEY --first`.",
            4,
            4,
        ),
        Query(or_zero(highest(FLEET.of(metrics.PARKED_OLDEST_AGE)))),
        Limits(HOUR, DAY),
    )


def _kinds() -> Panel:
    return table(
        Frame(
            "What waits",
            units.Short,
            "One line for each topic and code. The operators' document says what each code means.",
            "empty.",
            "`memory-graph dlq show --reason CODE --limit 1` shows one letter, with its failing field.",
            14,
            empty="none",
        ),
        ["topic", "code", "worker"],
        [
            Column("Letters", LETTERS, units.Short),
            Column("Oldest", highest(AGE, "worker", "topic", "code"), units.Seconds, AGE_LIMITS),
        ],
        to_worker("${__data.fields.worker}"),
    )


def _over_time() -> Panel:
    return time_series(
        Frame(
            "Waiting, by topic",
            units.Short,
            "Letters that wait, over time.",
            "steps down after each replay.",
            "it only rises: nobody is responsible for them. Choose somebody.",
            10,
            empty="none",
        ),
        Query(total(LETTERS, "topic"), "{{topic}}"),
    )


def _by_code() -> Panel:
    return time_series(
        Frame(
            "New in ten minutes, by code",
            units.Short,
            "Records that were sent to the dead letters.",
            "none.",
            "one code from one moment on: a deploy of a producer. `neo4j.*`: see Neo4j's log.",
            empty="none",
        ),
        Query(FLEET.counted(metrics.DEAD_LETTERS, "code"), "{{code}}"),
        stacked=True,
    )


def _by_stage() -> Panel:
    return time_series(
        Frame(
            "New in ten minutes, by worker and stage",
            units.Short,
            "DECODE: the bytes or their schema. VALIDATE: the fields. ENRICH: the state of the key. WRITE: Neo4j.",
            "none.",
            "DECODE: look at the schema registry. WRITE: look at Neo4j's log. VALIDATE: ask the producer.",
            empty="none",
        ),
        Query(FLEET.counted(metrics.DEAD_LETTERS, "worker", "stage"), "{{worker}} {{stage}}"),
        stacked=True,
        link=to_worker(),
    )


def _share() -> Panel:
    return time_series(
        Frame(
            "Share of the received records",
            units.PercentUnit,
            "Dead letters among the records that each worker received.",
            "under 0.1 %.",
            "over half of them within a minute, and at least 1,000: the worker stops, see `dead_letter_limit`.",
            empty="no events",
        ),
        Query(
            share(FLEET.per_second(metrics.DEAD_LETTERS), FLEET.per_second(metrics.EVENTS_RECEIVED), "worker"),
            "{{worker}}",
        ),
        limits=Limits(0.001, 0.05),
        link=to_worker(),
    )
