from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from workers.dev.demo.report import Answer, DeadLetterCount, Report, SpanView, Throughput, TraceView, Visibility
from workers.dev.demo.screen.show import show

ROOT = SpanView("r", None, "gpt-4", "openai", 1_000, 900.0, 1_200, 0.05, "ERROR", "agent_error", "m", ["timeout"])
CHILD = SpanView("c", "r", "gpt-4-turbo", "openai", 1_100, 300.0, 600, 0.01, "SUCCESS", None, None, [])
GRANDCHILD = SpanView("g", "c", "unpriced", "me", 1_200, 90.0, None, None, "TIMEOUT", "timeout", "m", [])
LAST = SpanView("l", "r", "gpt-4", "openai", 1_800, 50.0, 100, 0.004, "STARTED", None, None, [])
REPORT = Report(
    name="demo",
    source="8,819 calls of trace.csv",
    produced={"records": 39_599, "invocations": 8_819, "traces": 2_578, "poison": 391},
    seen_before=False,
    labels={"Invocation": 8_819, "Model": 7},
    relationships={"USES_MODEL": 8_819},
    throughput=Throughput(37_000, 5.0),
    visibility=Visibility(2_000, 200.0, 85.4, 120.0, 191.0, 240.0, 12.0),
    trace=TraceView("t" * 32, "session-1", [ROOT, CHILD, GRANDCHILD, LAST]),
    dead_letters=[DeadLetterCount("avro.unexpected_record", "DECODE", 26, "a long\nmessage " * 30)],
    repaired=52,
    answers=[Answer("What costs?", "MATCH (m:Model)\nRETURN m", [{"model": "gpt-4", "usd": 12.5, "none": None}])],
    checks=[("Invocation", 8_819, 8_819)],
    problems=[],
    browser="http://127.0.0.1:7474",
    prometheus="http://127.0.0.1:9090",
    cores=2,
    seconds=95.0,
)


def lines_of(report: Report, width: int = 120) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        show(report, console, ".venv/bin/memory-graph")
    return capture.get().splitlines()


def test_everything_that_was_promised_is_on_the_screen() -> None:
    text = "\n".join(lines_of(REPORT))
    for part in (
        "8,819 calls of trace.csv became 39,599 Kafka records",
        "8,819 in 2,578 traces",
        "USES_MODEL",
        "7,400 records/s",
        "p50 85 ms",
        "p99 191 ms",
        "391 bad records",
        "52 of them were repaired",
        ".venv/bin/memory-graph dlq browse",
        "DECODE",
        "avro.unexpected_record",
        "RETURN m",
        "12.5",
        "http://127.0.0.1:7474",
        ".venv/bin/memory-graph stack env --name demo",
        "Prometheus at http://127.0.0.1:9090",
        "stack down --name demo",
    ):
        assert part in text


def test_the_trace_is_a_tree_with_times_costs_and_causes() -> None:
    lines = [line for line in lines_of(REPORT) if "gpt-4" in line or "unpriced" in line or "error" in line]
    tree = [line.split("  ")[0].rstrip() for line in lines]
    assert tree[:2] == [" gpt-4 openai", " │ agent_error"]
    assert tree[2].startswith(" ├─ gpt-4-turbo")
    assert any(line.startswith(" │  └─ unpriced me") and "⧖ TIMEOUT" in line for line in lines)
    assert any(line.startswith(" └─ gpt-4") and "+800 ms" in line and "$0.00400" in line for line in lines)
    assert any("⇐ by timeout" in line for line in lines)


def test_bars_lie_where_the_span_lies_in_time() -> None:
    (line,) = [line for line in lines_of(REPORT) if "gpt-4-turbo" in line]
    bar = "".join(character for character in line if character in "·━")
    assert len(bar) == 36
    assert (bar.index("━"), bar.count("━")) == (4, 12)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_nothing_runs_over_the_edge_and_codes_are_never_cut(width: int) -> None:
    lines = lines_of(REPORT, width)
    assert max(len(line) for line in lines) <= width
    assert any("avro.unexpected_record" in line for line in lines)
    assert any("gpt-4-turbo" in line and "300 ms" in line for line in lines)


def test_on_a_narrow_screen_long_names_and_all_figures_still_have_room() -> None:
    long = [replace(span, model="gpt-3.5-turbo-16k") for span in (ROOT, CHILD, GRANDCHILD, LAST)]
    lines = lines_of(replace(REPORT, trace=TraceView("t" * 32, None, long)), 80)
    (line,) = [line for line in lines if "gpt-3.5-turbo-16k" in line and "+100 ms" in line]
    assert "✓" in line
    assert [word for word in line.split() if word in {"300", "600", "$0.01000"}] == ["300", "600", "$0.01000"]


def test_differences_are_shown_instead_of_a_tick() -> None:
    text = "\n".join(lines_of(replace(REPORT, problems=["Invocation: the records sent come to 2, found 1"])))
    assert "✗ Invocation: the records sent come to 2, found 1" in text
    assert "each call is exactly one Invocation" not in text


def test_a_second_run_says_so() -> None:
    assert "changed nothing" in "\n".join(lines_of(replace(REPORT, seen_before=True)))
    assert "changed nothing" not in "\n".join(lines_of(REPORT))


def test_what_is_missing_is_left_out() -> None:
    bare = replace(
        REPORT, trace=None, visibility=None, browser=None, prometheus=None, answers=[Answer("q", "RETURN 1", [])]
    )
    text = "\n".join(lines_of(bare))
    assert "There is no trace to show." in text
    assert "visible in" not in text
    assert "Prometheus" not in text
    assert "(no rows)" in text
