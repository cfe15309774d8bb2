"""What the calls cost, by model, team and day, as the graph has it."""

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from workers.dev.dashboards.board import About, board, data_source, label_values
from workers.dev.dashboards.frame import NO_LIMITS, Frame, Limits, Query
from workers.dev.dashboards.neo4j import PLUGIN, bars, number, rows
from workers.dev.dashboards.panels import time_series
from workers.dev.dashboards.queries import Scope
from workers.pipelines.telemetry.metrics import UNPRICED

UNPRICED_LIMITS = Limits(0.01, 0.1)

# A query has no parameters: Grafana writes the range into its text. The index on the time finds the calls.
CALLS = """
MATCH (i:Invocation)
WHERE i.timestamp >= datetime({epochMillis: $__from}) AND i.timestamp < datetime({epochMillis: $__to})
"""
MODEL = "i.model_id"
TEAM = "coalesce(i.team, '(no team)')"

# A sum without any price is the integer 0: toFloat keeps the type.
SUMS = """
RETURN {names},
  count(*) AS Calls, sum(coalesce(i.prompt_tokens, 0)) AS `Prompt tokens`,
  sum(coalesce(i.completion_tokens, 0)) AS `Completion tokens`, toFloat(sum(i.cost_usd)) AS Cost,
  toFloat(coalesce(avg(i.cost_usd), 0)) AS `Cost of a call`,
  toFloat(count(*) - count(i.cost_usd)) / count(*) AS `Without a price`
ORDER BY Cost DESC LIMIT {limit}
"""
COLUMNS = {
    "Calls": (units.Short, NO_LIMITS),
    "Prompt tokens": (units.Short, NO_LIMITS),
    "Completion tokens": (units.Short, NO_LIMITS),
    "Cost": (units.Dollars, NO_LIMITS),
    "Cost of a call": (units.Dollars, NO_LIMITS),
    "Without a price": (units.PercentUnit, UNPRICED_LIMITS),
}

# The ten most expensive names have a colour of their own, all others together have one.
BY_DAY = """
WITH {name} AS name, toString(date(i.timestamp)) AS day, toFloat(sum(i.cost_usd)) AS usd
WITH name, sum(usd) AS cost, collect({{day: day, usd: usd}}) AS days ORDER BY cost DESC, name
WITH collect({{name: name, days: days}}) AS ranked
UNWIND range(0, size(ranked) - 1) AS rank
UNWIND ranked[rank].days AS of_day
RETURN of_day.day AS day, CASE WHEN rank < 10 THEN ranked[rank].name ELSE '(others)' END AS name,
  sum(of_day.usd) AS value, min(rank) AS rank
ORDER BY day, rank
"""


def dashboard() -> Dashboard:
    """Return the dashboard."""
    about = About(
        "costs",
        "Memory-Graph / Costs",
        f"Exact costs from the graph. Needs the data source plugin {PLUGIN}, see the documentation of the chart. "
        "Each panel reads all calls of the time range: choose no more than you need. Days are in UTC.",
        "now-24h",
        refresh="",
    )
    variables = [data_source(PLUGIN, "neo4j", "Neo4j"), data_source(), label_values("namespace", text="Namespace")]
    tables = [_by_model(), _by_team(), _by_both(), _new_unpriced()]
    return board(
        about,
        variables,
        [
            ("In this time", [_cost(), _calls(), _tokens(), _unpriced()]),
            ("By day", [_model_days(), _team_days()]),
            ("By model and team", tables),
        ],
    )


def _cost() -> Panel:
    return number(
        Frame(
            "Cost",
            units.Dollars,
            "Sum of the costs of all calls that began in the time range.",
            "your budget knows.",
            "look below which model or team has grown.",
            6,
            4,
        ),
        f"{CALLS}RETURN toFloat(sum(i.cost_usd)) AS Cost",
    )


def _calls() -> Panel:
    return number(
        Frame(
            "Calls", units.Short, "Calls that began in the time range.", "your traffic.", "see fleet overview.", 6, 4
        ),
        f"{CALLS}RETURN count(i) AS Calls",
    )


def _tokens() -> Panel:
    return number(
        Frame(
            "Tokens",
            units.Short,
            "Tokens of prompts and completions.",
            "in proportion to the calls.",
            "more tokens for as many calls: prompts have grown, see the tables.",
            6,
            4,
        ),
        f"{CALLS}RETURN sum(coalesce(i.prompt_tokens, 0) + coalesce(i.completion_tokens, 0)) AS Tokens",
    )


def _unpriced() -> Panel:
    return number(
        Frame(
            "Calls without a price",
            units.PercentUnit,
            "Share of the calls whose cost is unknown; all sums leave them out.",
            "under 1 %: calls that failed have no tokens.",
            "give the model a price in the registry, or its name as an alias; then `memory-graph graph reprice`.",
            6,
            4,
        ),
        f"{CALLS}WITH count(i) AS calls, count(i.cost_usd) AS priced\n"
        "RETURN CASE calls WHEN 0 THEN 0.0 ELSE toFloat(calls - priced) / calls END AS Share",
        UNPRICED_LIMITS,
    )


def _model_days() -> Panel:
    return bars(
        Frame(
            "Cost of a day, by model",
            units.Dollars,
            "The ten most expensive models of the time range, and all others together. The last day is not over.",
            "like the same weekday before.",
            "a new colour is a new model. A jump of one: see its cost of a call below.",
            12,
            10,
        ),
        CALLS + BY_DAY.format(name=MODEL),
    )


def _team_days() -> Panel:
    return bars(
        Frame(
            "Cost of a day, by team",
            units.Dollars,
            "By `team` in the metadata of the calls: the ten most expensive teams, and all others together.",
            "like the same weekday before.",
            "ask the team. Much `(no team)`: their producers do not send `team` in the metadata.",
            12,
            10,
        ),
        CALLS + BY_DAY.format(name=TEAM),
    )


def _by_model() -> Panel:
    return rows(
        Frame("Models", units.Short, "The 50 most expensive models.", "few unpriced calls.", "reprice them.", 12, 10),
        CALLS + SUMS.format(names=f"{MODEL} AS Model, i.provider AS Provider", limit=50),
        COLUMNS,
    )


def _by_team() -> Panel:
    return rows(
        Frame("Teams", units.Short, "The 50 most expensive teams.", "as agreed with them.", "ask the team.", 12, 10),
        CALLS + SUMS.format(names=f"{TEAM} AS Team", limit=50),
        COLUMNS,
    )


def _by_both() -> Panel:
    return rows(
        Frame(
            "Teams and their models",
            units.Short,
            "The 100 most expensive pairs.",
            "each team has the models that it needs.",
            "an expensive model for a simple use case: try a smaller one.",
            16,
            10,
        ),
        CALLS + SUMS.format(names=f"{TEAM} AS Team, {MODEL} AS Model", limit=100),
        COLUMNS,
    )


def _new_unpriced() -> Panel:
    return time_series(
        Frame(
            "New calls without a price in ten minutes",
            units.Short,
            "Calls that ended now and have no price: the model is unknown, or has no price at that time.",
            "0.",
            "give the model a price in the registry, or its name as an alias; then `memory-graph graph reprice`.",
            8,
            10,
            empty="none",
        ),
        Query(
            Scope('namespace=~"$namespace"').counted(UNPRICED, "provider", "reason"),
            "{{provider}} {{reason}}",
        ),
    )
