"""The sources of the demo's calls: a file in the layout of the Azure trace, one in our own layout, an imitation."""

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from workers.dev.demo.traffic import PUBLIC_TRACE, choose_source
from workers.dev.sample.calls.imitate import imitate_trace
from workers.dev.sample.calls.source import Source

TODAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
NOVEMBER_2023 = 1_700_158_623_000.0
SOURCES = ("azure", "own", "imitation")


def source_of(kind: str, folder: Path, count: int) -> Source:
    """Return the demo's source of ``count`` calls; files are written into ``folder``."""
    calls = list(islice(imitate_trace(count, NOVEMBER_2023, 7), count))
    project = folder / "project"
    project.mkdir(exist_ok=True)
    if kind == "azure":
        rows = [
            f"{datetime.fromtimestamp(at / 1000, UTC):%F %H:%M:%S.%f},{used},{made}" for at, used, made, *_ in calls
        ]
        trace = project / PUBLIC_TRACE
        trace.parent.mkdir(parents=True, exist_ok=True)
        trace.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows]), encoding="utf-8")
        return choose_source(project, None, count, TODAY)
    if kind == "own":
        own = folder / "calls.csv"
        rows = [f"{round(at)},{used},{made},session" for at, used, made, *_ in calls]
        own.write_text("\n".join(["timestamp,prompt_tokens,completion_tokens,session_id", *rows]), encoding="utf-8")
        return choose_source(project, own, count, TODAY)
    return choose_source(project, None, count, TODAY)
