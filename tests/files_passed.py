"""Which files of ``workers/`` run while a worker processes records: run it in place of ``memory-graph``.

``python -m tests.files_passed worker telemetry`` starts the worker. Files count while the file ``collect`` exists in
the current folder; they are printed when the worker ends. With one record in the topic these are the files that it
passes, including the background work beside it (lag, health, reference data).
"""

import atexit
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = str(Path("workers").absolute())
COLLECT = Path("collect")
COLLECTING = threading.Event()
passed: set[str] = set()


def profile(frame: FrameType, event: str, _argument: Any) -> None:
    if event == "call" and COLLECTING.is_set():
        name = frame.f_code.co_filename
        if name.startswith(ROOT) and not name.endswith("__init__.py"):
            passed.add(name[len(ROOT) + 1 :])


def watch(stopped: threading.Event) -> None:
    while not stopped.wait(0.05):
        (COLLECTING.set if COLLECT.exists() else COLLECTING.clear)()


def show() -> None:
    print(f"{len(passed)} files:", *sorted(passed), sep="\n  ")  # noqa: T201 - a command of its own


def main() -> None:
    """Run the command line under the profile."""
    atexit.register(show)
    stopped = threading.Event()
    threading.Thread(target=watch, args=(stopped,), daemon=True).start()
    threading.setprofile(profile)
    sys.setprofile(profile)
    from workers.cli.main import main as run  # noqa: PLC0415 - its threads start under the profile

    run()


if __name__ == "__main__":
    main()
