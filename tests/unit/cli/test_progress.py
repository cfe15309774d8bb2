import pytest

from workers.cli import graph as progress


def test_without_a_terminal_a_line_is_printed_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(progress, "monotonic", lambda: now)
    with progress.progress("comparing") as show:
        show("1 compared")
        now = 6.0
        show("2 compared")
        show("3 compared")
    assert capsys.readouterr().err == "2 compared\n"
