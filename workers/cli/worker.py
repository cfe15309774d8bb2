"""``memory-graph worker NAME``: one worker in this process."""

import os
import signal
from typing import Annotated, NoReturn

import typer


def worker(name: Annotated[str, typer.Argument(help="A worker of the fleet, such as telemetry.")]) -> None:
    """Run one worker until SIGTERM or Ctrl-C; then it finishes what is under way and exits 0.

    Example: memory-graph worker telemetry
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _go)  # the worker's own handlers follow, seconds later

    import uvloop  # noqa: PLC0415 - keeps --help fast

    from workers.config.settings import Settings  # noqa: PLC0415 - loaded when run, so that --help stays fast
    from workers.core.errors import Misconfigured  # noqa: PLC0415 - likewise
    from workers.engine.process import run_worker  # noqa: PLC0415 - likewise
    from workers.observe.log import configure_logging  # noqa: PLC0415 - likewise
    from workers.pipelines.fleet import FLEET, load_topology  # noqa: PLC0415 - loaded when run, so that --help stays fast

    settings = Settings.from_environment()
    topology = load_topology(settings.topology_path)
    if name not in FLEET:
        raise Misconfigured(f"there is no worker {name!r}; there are: {', '.join(FLEET)}")
    if name not in topology.workers:
        raise Misconfigured(f"{settings.topology_path} has no worker {name!r}; add it under `workers`")
    configure_logging(settings.log)
    uvloop.run(run_worker(FLEET[name], settings, topology))


def _go(*_: object) -> NoReturn:
    """End at once: nothing has been taken in yet, so there is nothing to drain.

    Not by ``SystemExit``: it is raised wherever the main thread is, and a module half imported may turn it into an
    error of its own.
    """
    os._exit(0)
