from io import StringIO

import pytest
from rich.console import Console

from workers.dev.demo.progress import Steps


def test_without_a_terminal_a_step_is_one_plain_line_when_it_is_done() -> None:
    screen = StringIO()
    with Steps(Console(file=screen, width=80)).step("records sent") as tell:
        tell(1, 2)
        assert not screen.getvalue()
    assert screen.getvalue().startswith("✓ records sent")
    assert screen.getvalue().count("\n") == 1


def test_a_step_that_fails_is_not_ticked_off() -> None:
    screen = StringIO()
    steps = Steps(Console(file=screen, width=80))
    with pytest.raises(ValueError, match="no"), steps.step("records sent"):
        raise ValueError("no")
    assert "✓" not in screen.getvalue()


def test_on_a_terminal_a_step_counts() -> None:
    screen = StringIO()
    with Steps(Console(file=screen, width=100, force_terminal=True)).step("records sent") as tell:
        tell(1_000, 2_000)
    assert "1,000 of 2,000" in screen.getvalue()
