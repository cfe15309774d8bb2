"""Our worker with the sampler. SIGUSR1 starts sampling; SIGUSR2 stops it and writes FILE.

``python -m workers.dev.bench.profile.worker WORKER FILE``
"""

import json
import signal
import sys
from pathlib import Path

import uvloop

from workers.config.settings import Settings
from workers.dev.bench.profile.sampler import Sampler
from workers.engine.process import run_worker
from workers.observe.log import configure_logging
from workers.pipelines.fleet import FLEET, load_topology


def main(worker: str, file: Path) -> None:
    """Run a worker, as the command line does."""
    sampler = Sampler()

    def finish() -> None:
        sampler.stop()
        file.write_text(json.dumps(sampler.as_data()))

    signal.signal(signal.SIGUSR1, lambda *_: sampler.start())
    signal.signal(signal.SIGUSR2, lambda *_: finish())
    settings = Settings.from_environment()
    configure_logging(settings.log)
    uvloop.run(run_worker(FLEET[worker], settings, load_topology(settings.topology_path)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
