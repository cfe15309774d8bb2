import pytest

from workers.cli import progress


def test_without_a_terminal_lines_come_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(progress, "monotonic", lambda: now)
    with progress.progress("comparing") as told:
        told("1 compared")
        now = 6.0
        told("2 compared")
        told("3 compared")
    assert capsys.readouterr().err == "2 compared\n"
