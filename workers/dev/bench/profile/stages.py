"""The stage of record processing that a line of code belongs to."""

from collections.abc import Sequence
from functools import cache
from types import CodeType, FrameType

OTHER = "event loop and other"
GARBAGE = "garbage collector"
THREADS = "other threads (librdkafka)"

# The innermost frame that matches a rule decides. A rule: part of the path, function or None for all, stage.
RULES: Sequence[tuple[str, str | None, str]] = (
    ("/workers/adapters/avro/", None, "decode"),
    ("/workers/pipelines/telemetry/read/parse.py", None, "parse"),
    ("/workers/core/checks.py", None, "parse"),
    ("/workers/pipelines/telemetry/read/checks.py", None, "parse"),
    ("/workers/pipelines/telemetry/fold/trace.py", "dump", "table: dump"),
    ("/workers/pipelines/telemetry/fold/trace.py", "load", "table: load"),
    ("/workers/pipelines/telemetry/fold/fold.py", None, "fold"),
    ("/workers/pipelines/telemetry/write/plan.py", None, "plan"),
    ("/workers/core/template.py", None, "plan"),
    ("/workers/pipelines/telemetry/write/statements.py", None, "plan"),
    ("/workers/engine/batch/fold.py", "entries", "table: dump"),
    ("/workers/engine/batch/fold.py", None, "fold"),
    ("/workers/engine/batch/decode.py", None, "parse"),
    ("/workers/engine/state/table.py", None, "table: changelog"),
    ("/workers/adapters/kafka/producer.py", None, "table: changelog"),
    ("/workers/engine/consumer/consumer.py", None, "fetch"),
    ("/workers/engine/consumer/chunk.py", None, "fetch"),
    ("/workers/engine/batch/partition_queue.py", None, "fetch"),
    ("/aiokafka/", None, "fetch"),
    ("/faust/", None, "fetch"),
    ("/mode/", None, "fetch"),
    ("/neo4j/_codec/packstream/", None, "write: packing"),
    ("/neo4j/", None, "write: driver"),
    ("/workers/adapters/graph/", None, "write: driver"),
    ("/workers/observe/", None, "metrics and tracing"),
    ("/workers/engine/batch/measure.py", None, "metrics and tracing"),
    ("/opentelemetry/", None, "metrics and tracing"),
)


@cache
def stage_of_code(code: CodeType) -> str | None:
    """Return the stage of a function; ``None`` if its callers decide."""
    for part, function, stage in RULES:
        if part in code.co_filename and function in {None, code.co_name}:
            return stage
    return None


def stage_of(frame: FrameType | None) -> str:
    """Return the stage of the running code."""
    while frame is not None:
        stage = stage_of_code(frame.f_code)
        if stage is not None:
            return stage
        frame = frame.f_back
    return OTHER


def place_of(code: CodeType) -> str:
    """Return a readable name: the end of the path, and the function."""
    path = code.co_filename.replace("\\", "/").rsplit("site-packages/", 1)[-1].rsplit("/workers/", 1)[-1]
    return f"{path}:{code.co_qualname}"
