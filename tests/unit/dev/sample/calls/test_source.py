from pathlib import Path

import pytest

from workers.dev.sample.calls.source import from_file, imitated, length_ms

CSV = "timestamp,prompt_tokens,completion_tokens\n1700000000000,1,2\n1700000001500,3,4\n1700000009000,5,6\n"


def file_of(folder: Path, text: str = CSV) -> Path:
    file = folder / "calls.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_files_name_for_ids_follows_from_its_content(tmp_path: Path) -> None:
    first, again = from_file(file_of(tmp_path)), from_file(file_of(tmp_path))
    assert first.name == again.name
    assert from_file(file_of(tmp_path, CSV + "1700000009001,1,1\n")).name != first.name


def test_count_takes_the_first_calls_and_changes_the_ids(tmp_path: Path) -> None:
    assert from_file(file_of(tmp_path), count=2).name != from_file(file_of(tmp_path)).name
    assert imitated(5, 1, 0.0).name != imitated(6, 1, 0.0).name
    assert [call.prompt_tokens for call in from_file(file_of(tmp_path), count=2).calls] == [1, 3]


def test_a_shift_moves_the_last_call_keeps_the_spacing_and_changes_the_ids(tmp_path: Path) -> None:
    shifted = from_file(file_of(tmp_path), end_ms=1_800_000_009_000.0)
    assert [call.timestamp for call in shifted.calls] == [1_800_000_000_000, 1_800_000_001_500, 1_800_000_009_000]
    assert shifted.name != from_file(file_of(tmp_path)).name


def test_an_imitation_is_as_long_as_said() -> None:
    calls = list(imitated(100, 4, 1_700_000_000_000.0).calls)
    assert calls[-1].timestamp - calls[0].timestamp == pytest.approx(length_ms(100, 4))
