"""Rows for every statement of the telemetry worker, on calls from all over the graph.

A statement that has no rows in ``rows`` raises ``KeyError``: a new one needs some.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.core.statement import Statement, Template
from workers.dev.bench.growth.filled import PROVIDER, SPANS, Names
from workers.pipelines.telemetry.write import statements as write
from workers.pipelines.telemetry.write.plan import ORDER

PROBES = 100
"""Traces that are changed, at equal distances."""
AT = 1_700_000_000_000
LAST = SPANS - 1


def probed(calls: int) -> list[int]:
    """Return the traces that are changed in a graph of so many calls."""
    traces = calls // SPANS
    probes = min(PROBES, traces)
    return [number * traces // probes for number in range(probes)]


def statements(names: Names, calls: int) -> Sequence[Statement]:
    """Return a batch with rows in every statement: each trace gets a call, and parts of it change."""
    made = _rows(names, probed(calls))
    return [template.on(made[template.name]) for template in ORDER]


def _rows(names: Names, traces: list[int]) -> dict[str, list[list[Any]]]:
    found = [(trace, each) for trace in traces for each in _of_trace(names, trace)]
    rows: dict[str, list[list[Any]]] = {
        write.MODELS.name: [_row(write.MODELS, model_id=each) for each in (names.hot, names.quiet)]
    }
    for _, (template, values) in found:
        rows.setdefault(template.name, []).append(_row(template, **values))
    return rows


def _of_trace(names: Names, trace: int) -> Iterator[tuple[Template, Mapping[str, Any]]]:
    """Yield rows. A call of the hot model moves to the quiet one, one of the quiet model to the hot one."""
    new, moved, back = (names.key(trace, span) for span in ("new", 1, LAST))
    hot, quiet, error, cause = names.hot, names.quiet, names.error(trace), names.cause
    name = f"{PROVIDER}/{names.run}-n{trace}"
    about = {"provider": PROVIDER, "model_id": hot, "timestamp": AT, "trace_id": names.trace(trace)}
    yield write.NAMES, {"id": name, "provider": PROVIDER, "meaning": "[1]", "open": False, "model_ids": [hot]}
    yield write.MODEL_CHANGED, {"key": moved, "used_model": quiet}
    yield write.MODEL_CHANGED, {"key": back, "used_model": hot}
    for key, model in ((new, hot), (moved, quiet), (back, hot)):
        yield write.INVOCATIONS, {"used_model": model, "key": key, "id": key, "span_id": "1", **about}
    yield write.VERSION_CHANGED, {"key": moved, "version_id": None}
    for key in (new, moved):
        yield write.VERSION_USED, {"version_id": names.version, "key": key}
    yield write.LATENCIES, {"id": f"{new}-p", "key": new, "value": 5.0, **about}
    windows = {"window_start": AT, "window_end": AT}
    yield write.AGGREGATES, {"used_model": hot, "id": f"{new}-a", "metric_type": "hourly", **windows, **about}
    yield write.ERRORS, {"id": f"{new}-e", "key": new, "error_type": "timeout", **about}
    yield write.CAUSE_REMOVED, {"id": error, "cause": cause}
    for effect in (error, f"{new}-e"):
        yield write.CAUSES, {"id": effect, "cause": cause}
    yield write.PARENT_CHANGED, {"key": moved}
    for key in (new, moved):
        yield write.CHILDREN, {"key": key, "parent": names.key(trace, 0)}
    yield write.SUCCESSOR_CHANGED, {"key": names.key(trace, LAST - 1)}
    yield write.SUCCESSORS, {"key": names.key(trace, LAST - 1), "successor": new, "duration_ms": 1}


def _row(template: Template, **values: Any) -> list[Any]:
    return [values.get(column) for column in template.columns]
