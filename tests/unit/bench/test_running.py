import sys
from pathlib import Path

from workers.bench.contestants import Start
from workers.bench.running import running


async def test_a_process_that_has_ended_keeps_what_was_last_seen_of_it(tmp_path: Path) -> None:
    async with running(
        [Start([sys.executable, "-c", "import time; time.sleep(60)"], {})], tmp_path, "ended"
    ) as started:
        while started.look() == (0.0, 0.0):
            pass
        before = started.look()
        await started.stop()
        assert started.look() == before
