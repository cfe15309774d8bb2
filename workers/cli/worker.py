"""``memory-graph worker NAME``: run one worker in this process."""

import os
import signal
from typing import Annotated, NoReturn

import typer


def worker(name: Annotated[str, typer.Argument(help="A worker of the fleet, such as telemetry.")]) -> None:
    """Run one worker until SIGTERM or Ctrl-C; it finishes its current batches and exits with code 0.

    It takes over changes of topology.yaml within five seconds, at SIGHUP at once.

    Example: memory-graph worker telemetry
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)  # until the worker sets its own handlers, seconds later
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # it waits until the worker can read the file again

    import uvloop  # noqa: PLC0415 - keeps --help fast

    from workers.config.settings import Settings  # noqa: PLC0415 - same reason as above
    from workers.core.errors import Misconfigured  # noqa: PLC0415 - same reason as above
    from workers.engine.process import run_worker  # noqa: PLC0415 - same reason as above
    from workers.observe.log import configure_logging  # noqa: PLC0415 - same reason as above
    from workers.pipelines.fleet import FLEET, load_topology  # noqa: PLC0415 - same reason as above

    settings = Settings.from_environment()
    topology = load_topology(settings.topology_path)
    if name not in FLEET:
        raise Misconfigured(f"there is no worker {name!r}: choose from {', '.join(FLEET)}")
    if name not in topology.workers:
        raise Misconfigured(f"{settings.topology_path} has no worker {name!r}: add it under `workers`")
    configure_logging(settings.log)
    uvloop.run(run_worker(FLEET[name], settings, topology))


def _exit(*_: object) -> NoReturn:
    """End the process immediately: no record has been consumed yet.

    ``SystemExit`` would not do: Python raises it wherever the main thread is, and code of a module that is being
    imported may convert it to another error.
    """
    os._exit(0)
