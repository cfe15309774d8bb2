"""``memory-graph fleet``: run all workers as supervised processes on this machine."""

import re
from typing import Annotated

import typer

from workers.core.errors import Misconfigured

COUNT = re.compile("[0-9]{1,4}")


def fleet(
    replicas: Annotated[
        list[str] | None, typer.Option("--replicas", help="WORKER=COUNT; repeat it for several workers.")
    ] = None,
) -> None:
    """Run every worker of the fleet, each replica in its own process; restart a process that fails.

    At SIGHUP every process reads topology.yaml again.

    Example: memory-graph fleet --replicas telemetry=2
    """
    import asyncio  # noqa: PLC0415 - keeps --help fast
    import os  # noqa: PLC0415 - same reason as above

    from workers.config.child_environment import environment_for  # noqa: PLC0415 - same reason as above
    from workers.config.settings import Settings  # noqa: PLC0415 - same reason as above
    from workers.config.worker_options import AFTER_DRAIN_SECONDS  # noqa: PLC0415 - same reason as above
    from workers.engine.supervisor import Supervisor  # noqa: PLC0415 - same reason as above
    from workers.observe.log import configure_logging  # noqa: PLC0415 - same reason as above
    from workers.pipelines.fleet import FLEET, load_topology  # noqa: PLC0415 - same reason as above

    settings = Settings.from_environment()
    topology = load_topology(settings.topology_path)
    configure_logging(settings.log)
    counts = {name: 1 for name in FLEET if name in topology.workers} | parse_replicas(replicas or [], set(FLEET))

    def environment(name: str) -> dict[str, str]:
        return environment_for(FLEET[name].servers, os.environ)

    def grace_seconds(name: str) -> float:
        return topology.workers[name].drain.grace_seconds + AFTER_DRAIN_SECONDS

    supervisor = Supervisor(counts, settings.metrics_host, environment=environment, grace_seconds=grace_seconds)
    raise typer.Exit(asyncio.run(supervisor.run()))


def parse_replicas(texts: list[str], known: set[str]) -> dict[str, int]:
    """Parse texts like ``WORKER=COUNT``. Raises ``Misconfigured`` with the text and the fix."""
    counts = {}
    for text in texts:
        name, _, count = text.partition("=")
        if name not in known or not COUNT.fullmatch(count):
            raise Misconfigured(f"--replicas {text}: write WORKER=COUNT with a worker of: {', '.join(sorted(known))}")
        counts[name] = int(count)
    return counts
