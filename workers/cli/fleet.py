"""``memory-graph fleet``: all workers as supervised processes of this machine."""

from typing import Annotated

import typer

from workers.core.errors import Misconfigured


def fleet(
    replicas: Annotated[
        list[str] | None, typer.Option("--replicas", help="WORKER=COUNT; may be given for several workers.")
    ] = None,
) -> None:
    """Run every worker of the fleet, each replica a process that is started again when it fails.

    Example: memory-graph fleet --replicas telemetry=2
    """
    import asyncio  # noqa: PLC0415 - loaded when run, so that --help stays fast

    from workers.config.settings import Settings  # noqa: PLC0415 - loaded when run, so that --help stays fast
    from workers.engine.supervisor import Supervisor  # noqa: PLC0415 - likewise
    from workers.observe.log import configure_logging  # noqa: PLC0415 - likewise
    from workers.pipelines.fleet import FLEET, load_topology  # noqa: PLC0415 - loaded when run, so that --help stays fast

    settings = Settings.from_environment()
    topology = load_topology(settings.topology_path)
    configure_logging(settings.log)
    counts = {name: 1 for name in FLEET if name in topology.workers} | parse_replicas(replicas or [], set(FLEET))
    raise typer.Exit(asyncio.run(Supervisor(counts).run()))


def parse_replicas(texts: list[str], known: set[str]) -> dict[str, int]:
    """Parse ``WORKER=COUNT``. Raises ``Misconfigured`` naming the text and the fix."""
    counts = {}
    for text in texts:
        name, _, count = text.partition("=")
        if name not in known or not count.isdecimal():
            raise Misconfigured(f"--replicas {text}: write WORKER=COUNT with a worker of: {', '.join(sorted(known))}")
        counts[name] = int(count)
    return counts
