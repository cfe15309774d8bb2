from pathlib import Path

import pytest

from workers.core.errors import Misconfigured
from workers.dev.sample.calls.call import Call
from workers.dev.sample.calls.replay import read_trace


def trace(folder: Path, text: str) -> Path:
    file = folder / "trace.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_azures_layout_is_read_in_utc_with_its_seven_digits_of_a_second(tmp_path: Path) -> None:
    file = trace(tmp_path, "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n")
    (call,) = read_trace(file)
    assert call.timestamp == pytest.approx(1_700_158_623_979.96)
    assert call == Call(call.timestamp, 4808, 10)


def test_our_own_layout_may_name_model_provider_latency_and_session(tmp_path: Path) -> None:
    file = trace(
        tmp_path,
        "session_id,timestamp,prompt_tokens,completion_tokens,model_id,provider,latency_ms,colour\n"
        "s1,2026-01-02T03:04:05+01:00,100,20,gpt-5.4,azure,812.5,red\n"
        ",1767319446000,1,0,,,,\n",
    )
    first, second = read_trace(file)
    assert first == Call(1_767_319_445_000, 100, 20, "gpt-5.4", "azure", 812.5, "s1")
    assert second == Call(1_767_319_446_000, 1, 0)


def test_calls_come_in_the_order_of_time_whatever_the_order_of_lines(tmp_path: Path) -> None:
    file = trace(tmp_path, "timestamp,prompt_tokens,completion_tokens\n3000000000000,1,1\n1000000000000,2,2\n")
    assert [call.prompt_tokens for call in read_trace(file)] == [2, 1]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("yesterday,1,1", "line 2: timestamp is 'yesterday'"),
        (",1,1", "line 2: timestamp is ''"),
        ("1000000000000,-1,1", "line 2: prompt_tokens is '-1'"),
        ("1000000000000,1,1.5", "line 2: completion_tokens is '1.5'"),
        ("1000000000000,1", "line 2: completion_tokens is ''"),
    ],
)
def test_a_bad_value_is_named_with_its_line(tmp_path: Path, line: str, complaint: str) -> None:
    file = trace(tmp_path, f"timestamp,prompt_tokens,completion_tokens\n{line}\n")
    with pytest.raises(Misconfigured, match=complaint):
        read_trace(file)


@pytest.mark.parametrize("latency", ["nan", "inf", "-1", "fast"])
def test_a_latency_that_is_no_duration_is_refused(tmp_path: Path, latency: str) -> None:
    file = trace(tmp_path, f"timestamp,prompt_tokens,completion_tokens,latency_ms\n1000000000000,1,1,{latency}\n")
    with pytest.raises(Misconfigured, match=f"latency_ms is '{latency}'"):
        read_trace(file)


def test_a_file_without_the_columns_is_told_which_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="lacks the column completion_tokens, timestamp"):
        read_trace(trace(tmp_path, "time,prompt_tokens\n1,2\n"))


def test_a_file_that_is_missing_empty_or_binary_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_trace(tmp_path / "none.csv")
    with pytest.raises(Misconfigured, match="has no calls"):
        read_trace(trace(tmp_path, "timestamp,prompt_tokens,completion_tokens\n"))
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_trace(binary)
