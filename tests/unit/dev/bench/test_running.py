import sys
import time
from pathlib import Path

import pytest

from workers.core.errors import ProblemsFound
from workers.dev.bench.contestants import Start
from workers.dev.bench.running import running


async def test_a_process_that_has_ended_keeps_what_was_last_seen_of_it(tmp_path: Path) -> None:
    async with running(
        [Start([sys.executable, "-c", "import time; time.sleep(60)"], {})], tmp_path, "ended"
    ) as started:
        while started.look() == (0.0, 0.0):
            pass
        before = started.look()
        await started.stop()
        assert started.look() == before


async def test_processes_are_quiet_when_each_has_said_its_sentence_and_none_says_more(tmp_path: Path) -> None:
    says = "import time; print('ready', flush=True); time.sleep(0.6); print('more', flush=True); time.sleep(60)"
    async with running([Start([sys.executable, "-c", says], {})] * 2, tmp_path, "quiet") as started:
        before = time.monotonic()

        await started.until_quiet("ready", 1.0)

        assert time.monotonic() - before > 1.5
        assert (tmp_path / "quiet.log").read_text().count("more") == 2


async def test_a_process_that_fails_before_it_is_quiet_is_told_of(tmp_path: Path) -> None:
    async with running([Start([sys.executable, "-c", "raise SystemExit(3)"], {})], tmp_path, "failed") as started:
        with pytest.raises(ProblemsFound, match=r"ended with \[3\]"):
            await started.until_quiet("ready", 1.0)
