import sys
from pathlib import Path

import pytest

from workers.core.errors import ProblemsFound
from workers.dev.bench.contestants import Start
from workers.dev.bench.measure.command import run_command

BUSY = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass\nprint('done')"
IN_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}], check=True)"


@pytest.mark.parametrize("program", [BUSY, IN_A_CHILD])
async def test_the_time_of_a_command_and_its_children_is_measured(program: str, tmp_path: Path) -> None:
    command = await run_command(tmp_path, Start([sys.executable, "-c", program], {}), tmp_path / "printed")
    assert command.cpu_seconds >= 0.5
    assert command.seconds >= 0.5
    assert command.rss_mib > 1
    assert (tmp_path / "printed").read_text() == "done\n"


async def test_a_command_that_fails_is_shown_with_what_it_said(tmp_path: Path) -> None:
    start = Start([sys.executable, "-c", "raise SystemExit('no such topic')"], {})
    with pytest.raises(ProblemsFound, match="ended with 1: no such topic"):
        await run_command(tmp_path, start, tmp_path / "printed")
