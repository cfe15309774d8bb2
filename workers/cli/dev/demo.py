"""``memory-graph demo``: start everything, fill the graph, check it and show it."""

import os
import sys
from pathlib import Path
from shutil import which
from typing import Annotated

import typer

from workers.cli.dev.stack import extras_of
from workers.cli.output import Output, OutputOption, print_json
from workers.core.errors import ProblemsFound

PROGRAM = "memory-graph"
WIDTH_OF_FILES = 120
"""Line width without a terminal, in characters."""


def demo(
    *,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", help="Replay a CSV file of calls; see `memory-graph sample telemetry --help`."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Highest number of LLM calls.")] = 8_819,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", help="More servers, such as monitoring: Prometheus."),
    ] = None,
    name: Annotated[str, typer.Option(help="The stack to use; several stacks can run side by side.")] = "demo",
    output: OutputOption = Output.TEXT,
) -> None:
    """Start stack and workers, send realistic telemetry, check and show the graph.

    Some bad records are sent, too. The stack keeps running. A second run changes nothing in the graph:
    the same records have the same ids. Exit code 1 when the graph differs from what was sent.

    Example: memory-graph demo --count 2000
    """
    from dataclasses import asdict  # noqa: PLC0415 - loaded when run, so that --help stays fast

    from rich.console import Console  # noqa: PLC0415 - loaded when run, so that --help stays fast

    from workers.config.settings import LogLevel, LogSettings  # noqa: PLC0415 - same reason as above
    from workers.dev.demo.progress import Steps  # noqa: PLC0415 - same reason as above
    from workers.dev.demo.run import Options, run_demo  # noqa: PLC0415 - same reason as above
    from workers.dev.demo.screen.show import show  # noqa: PLC0415 - same reason as above
    from workers.observe.log import configure_logging  # noqa: PLC0415 - same reason as above

    configure_logging(LogSettings(level=LogLevel.WARNING))  # the steps are shown already
    report = run_demo(Options(name, from_file, count, extras=extras_of(with_)), Steps(Console(stderr=True)))
    if output is Output.JSON:
        print_json(asdict(report))
    else:
        console = Console()
        show(report, console if console.is_terminal else Console(width=WIDTH_OF_FILES), _program())
    if report.problems:
        raise ProblemsFound("; ".join(report.problems))


def _program() -> str:
    """Return this program's name if it is on the path, otherwise its path."""
    if which(PROGRAM):
        return PROGRAM
    called = Path(sys.argv[0])
    return os.path.relpath(called) if called.name == PROGRAM else PROGRAM
