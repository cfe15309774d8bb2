"""``memory-graph bench``: our worker beside the alternatives, measured on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from workers.cli.output import Output, OutputOption, print_json

WIDTH_OF_FILES = 170
"""Line width without a terminal, in characters."""
EVENTS, ROUNDS, LATENCY_SECONDS = 60_000, 3, 30.0
LETTERS = 1_000_000
QUICK_EVENTS, QUICK_ROUNDS, QUICK_LATENCY_SECONDS, QUICK_LETTERS = 20_000, 1, 5.0, 200_000


def bench(  # noqa: PLR0913 - one parameter an option
    *,
    events: Annotated[int | None, typer.Option(min=1_000, help="Events of each record set; default 60,000.")] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Rounds that count; default 3.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="20,000 events, one round: for a first look.")] = False,
    only: Annotated[
        str,
        typer.Option(
            help="Some of: ours, forgetful, unwind-1, unwind-2, unwind-4, plain, quix, other, audit, latency, "
            "scale, dead-letters. Comma-separated."
        ),
    ] = "",
    records: Annotated[str, typer.Option(help="Some of: complete, mix, late, vault. Comma-separated.")] = (
        "complete,mix,vault"
    ),
    other: Annotated[
        Path | None, typer.Option(help="A checkout of another version, set up in its .venv, to compare with.")
    ] = None,
    recovery: Annotated[
        int | None,
        typer.Option(min=1_000, metavar="TRACES", help="Only how soon a new process writes, with so many traces."),
    ] = None,
    growth: Annotated[
        str,
        typer.Option(
            metavar="CALLS,CALLS",
            help="Only what a row of each statement costs in graphs of so many calls, such as 100000,1000000.",
        ),
    ] = "",
    dead_letters: Annotated[
        int | None,
        typer.Option(min=1_000, metavar="LETTERS", help="Only dlq list and replay, with so many dead letters."),
    ] = None,
    audit_verify: Annotated[
        int | None,
        typer.Option(min=1_000, metavar="EVENTS", help="Only audit verify, of a topic with so many audit events."),
    ] = None,
    rate: Annotated[float | None, typer.Option(min=1, help="Events/s of latency and endurance.")] = None,
    endurance: Annotated[
        float | None,
        typer.Option(
            min=0.1, metavar="MINUTES", help="Only endurance: 3,000 events/s, with a spike every two minutes."
        ),
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Only a profile of our worker's CPU time.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Where all figures are written; default .memory-graph/bench.json.")
    ] = None,
    name: Annotated[str, typer.Option(help="The stack to use; it is started, and stays running.")] = "bench",
    output: OutputOption = Output.TEXT,
) -> None:
    """Measure our worker beside a bare writer, a plain loop and Quix Streams.

    Measures throughput, CPU, memory and latency. All rounds of a comparison use the same records and servers, and are
    interleaved; the first is a warm-up. Run no other load meanwhile. Quix Streams gets its own environment.

    Example: memory-graph bench --quick --only ours,plain --json bench.json
    """
    import asyncio  # noqa: PLC0415 - loaded when run, so that --help stays fast
    import json  # noqa: PLC0415 - same reason as above

    from rich.console import Console  # noqa: PLC0415 - loaded when run, so that --help stays fast

    from workers.dev.bench.run import Options, start_servers  # noqa: PLC0415 - same reason as above
    from workers.dev.bench.run import bench as run  # noqa: PLC0415 - same reason as above
    from workers.dev.bench.screen.show import as_data, show  # noqa: PLC0415 - same reason as above
    from workers.dev.stack.home import stack_home  # noqa: PLC0415 - same reason as above

    options = Options(
        events=events or (QUICK_EVENTS if quick else EVENTS),
        rounds=rounds or (QUICK_ROUNDS if quick else ROUNDS),
        only=("dead-letters",) if dead_letters else _names(only),
        records=_names(records),
        rate=rate,
        latency_seconds=QUICK_LATENCY_SECONDS if quick else LATENCY_SECONDS,
        endurance_minutes=endurance,
        profile=profile,
        other=other,
        recovery=recovery,
        growth=_sizes(growth),
        verify=audit_verify,
        letters=dead_letters or (QUICK_LETTERS if quick else LETTERS),
    ).checked()
    start_servers(name)
    progress = Console(stderr=True)
    report = asyncio.run(run(options, lambda line: progress.print(line, highlight=False, style="dim")))
    file = json_file or stack_home() / "bench.json"
    file.write_text(json.dumps(as_data(report), indent=2) + "\n", encoding="utf-8")
    if output is Output.JSON:
        print_json(as_data(report))
    else:
        console = Console()
        show(report, console if console.is_terminal else Console(width=WIDTH_OF_FILES))
        print(f"Every figure of every round: {file}")


def _names(value: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in value.split(",") if each.strip())


def _sizes(value: str) -> tuple[int, ...]:
    try:
        return tuple(int(each) for each in _names(value))
    except ValueError:
        raise typer.BadParameter(f"{value!r} is not whole numbers, comma-separated: such as 100000,1000000") from None
