"""``memory-graph sample``: produce realistic records."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.core.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.dev.sample.calls.source import Source
    from workers.dev.sample.registry.change import Change

TOPIC = "llm-telemetry-events"
AUDIT_TOPIC = "audit-events"

app = typer.Typer(help="Produce realistic records.", no_args_is_help=True)


@app.callback()
def sample() -> None:
    """Produce realistic records."""


@app.command()
def telemetry(  # noqa: PLR0913 - one parameter for each option
    *,
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Replay a CSV file of calls, columns TIMESTAMP,ContextTokens,GeneratedTokens (Azure's) or timestamp,"
            "prompt_tokens,completion_tokens[,model_id,provider,latency_ms,session_id]; else calls are made up.",
        ),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="LLM calls; default: all of the file, or 8,819.")] = None,
    rate: Annotated[float, typer.Option(min=0, help="Records a second; 0 for as fast as possible.")] = 0,
    seed: Annotated[int, typer.Option(help="Another number makes other traces of the same kind.")] = 1,
    poison: Annotated[
        float,
        typer.Option(min=0, max=100, metavar="PERCENT", help="Bad records of each kind per hundred good ones."),
    ] = 0,
    start: Annotated[
        str | None, typer.Option(help="When invented calls begin, in ISO 8601; by default they end now.")
    ] = None,
    shift_to_now: Annotated[
        bool, typer.Option("--shift-to-now", help="Move the calls of a file in time, so that the last one is now.")
    ] = False,
    topic: Annotated[str, typer.Option(help="The topic to send to.")] = TOPIC,
    output: OutputOption = Output.TEXT,
) -> None:
    """Produce telemetry of LLM calls: sessions, traces, retries, errors, and some very slow calls.

    Each call becomes exactly one span. The same file or --start, and the same --seed, give the same records, ids
    included: sending them again adds nothing to a graph.

    Example: memory-graph sample telemetry --count 1000 --rate 200 --poison 1
    """
    from workers.dev.sample.calls.source import from_file as calls_from_file  # noqa: PLC0415 - same reason as above
    from workers.dev.sample.run import produce_telemetry  # noqa: PLC0415 - keeps --help fast

    if from_file is not None:
        source = calls_from_file(from_file, count, time.time() * 1000 if shift_to_now else None)
    else:
        source = _made_up(count, seed, start)
    summary = produce_telemetry(source, topic, seed=seed, rate=rate, poison_percent=poison)
    if output is Output.JSON:
        print_json(summary)
    else:
        _print(summary)


@app.command()
def registry(  # noqa: PLR0913 - one parameter for each option
    *,
    count: Annotated[
        int | None,
        typer.Option(min=1, help="Random changes of 200 invented models; without it, every real model is loaded."),
    ] = None,
    schema: Annotated[
        Path | None,
        typer.Option(
            help="Publish a schema instead: a JSON file {schema_id, version, json_schema, compatible_models}."
        ),
    ] = None,
    rate: Annotated[float, typer.Option(min=0, help="Changes a second; 0 for as fast as possible.")] = 0,
    seed: Annotated[int, typer.Option(help="Another number makes other random changes.")] = 1,
    poison: Annotated[
        float, typer.Option(min=0, max=100, metavar="PERCENT", help="Bad rows for each hundred good ones.")
    ] = 0,
    database: Annotated[
        str,
        typer.Option(
            envvar="REGISTRY_DATABASE_URL", help="The database to write to: postgresql://user:password@host/name."
        ),
    ] = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Write the models of genai-prices, with their price history, into the registry's PostgreSQL.

    Each later price is a separate UPDATE, so that Debezium sees the history. Once all rows are there,
    writing it again changes nothing.

    Example: memory-graph sample registry --count 1000 --rate 50 --poison 1
    """
    from workers.config.settings import Settings  # noqa: PLC0415 - keeps --help fast
    from workers.dev.sample.registry.run import write_registry  # noqa: PLC0415 - same reason as above

    if not database:
        raise Misconfigured(
            "REGISTRY_DATABASE_URL is not set: start a database with memory-graph stack up --with cdc, then "
            'eval "$(memory-graph stack env)".'
        )
    changes, cafile = _changes(count, seed, schema), Settings.from_environment().registry_database.cafile
    summary = write_registry(database, changes, rate=rate, poison_percent=poison, cafile=cafile)
    if output is Output.JSON:
        print_json(summary)
    else:
        _print_rows_changed(summary)


@app.command()
def audit(  # noqa: PLR0913 - one parameter for each option
    *,
    from_file: Annotated[
        Path | None, typer.Option("--from", help="The file of calls that `sample telemetry --from` replays.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="LLM calls, as of `sample telemetry`.")] = None,
    rate: Annotated[float, typer.Option(min=0, help="Records a second; 0 for as fast as possible.")] = 0,
    seed: Annotated[int, typer.Option(help="The seed of `sample telemetry`.")] = 1,
    start: Annotated[str | None, typer.Option(help="When invented calls begin, as of `sample telemetry`.")] = None,
    topic: Annotated[str, typer.Option(help="The topic to send to.")] = AUDIT_TOPIC,
    output: OutputOption = Output.TEXT,
) -> None:
    """Produce audit events of a vault that keeps the prompts and completions of sampled calls.

    People with roles read in their working hours, services read all day, keys are rotated, and somebody who leaves
    downloads very much at night. With the options of `sample telemetry`, the events are about the prompts of its calls.

    Example: memory-graph sample audit --count 1000 --start 2026-11-23T12:00:00Z
    """
    from workers.dev.sample.audit.run import produce_audit  # noqa: PLC0415 - keeps --help fast
    from workers.dev.sample.calls.source import from_file as calls_from_file  # noqa: PLC0415 - same reason as above

    source = calls_from_file(from_file, count) if from_file is not None else _made_up(count, seed, start)
    summary = produce_audit(source, topic, seed=seed, rate=rate)
    if output is Output.JSON:
        print_json(summary)
        return
    print_rows([{"event": name, "sent": f"{n:,}"} for name, n in summary["records_by_type"].items()], ["event", "sent"])
    print(f"{summary['records']:,} audit events to {summary['topic']} in {summary['seconds']:.1f} s.")


def _changes(count: int | None, seed: int, schema: Path | None) -> "Iterable[Change]":
    from workers.dev.sample.registry.catalogue import catalogue  # noqa: PLC0415 - keeps --help fast
    from workers.dev.sample.registry.published import published  # noqa: PLC0415 - same reason as above
    from workers.dev.sample.registry.random_changes import random_changes  # noqa: PLC0415 - same reason as above

    if schema is not None:
        return [published(schema)]
    return catalogue() if count is None else random_changes(count, seed)


def _made_up(count: int | None, seed: int, start: str | None) -> "Source":
    from workers.dev.sample.calls.imitate import CALLS_OF_THE_ORIGINAL  # noqa: PLC0415 - keeps --help fast
    from workers.dev.sample.calls.source import imitated, length_ms  # noqa: PLC0415 - same reason as above

    count = count or CALLS_OF_THE_ORIGINAL
    if start is None:
        return imitated(count, seed, time.time() * 1000 - length_ms(count, seed))
    try:
        begin = datetime.fromisoformat(start)
    except ValueError:
        raise Misconfigured(f"--start {start} is no time: write it as 2026-11-23T12:00:00Z.") from None
    return imitated(count, seed, (begin if begin.tzinfo else begin.replace(tzinfo=UTC)).timestamp() * 1000)


def _print(summary: dict[str, Any]) -> None:
    counted = {**summary["records_by_type"], **{f"poison {k}": v for k, v in summary["poison_by_kind"].items()}}
    print_rows([{"record": name, "sent": f"{number:,}"} for name, number in counted.items()], ["record", "sent"])
    print(
        f"{summary['records']:,} records of {summary['traces']:,} traces to {summary['topic']} "
        f"in {summary['seconds']:.1f} s; the graph should hold {summary['invocations']:,} Invocations of them."
    )


def _print_rows_changed(summary: dict[str, Any]) -> None:
    changed = summary["rows_changed_by_kind"]
    rows = [
        {"change": kind, "written": f"{number:,}", "rows changed": f"{changed.get(kind, 0):,}"}
        for kind, number in summary["changes_by_kind"].items()
    ]
    print_rows(rows, ["change", "written", "rows changed"])
    bad = sum(summary["poison_by_kind"].values())
    print(
        f"{summary['changes']:,} changes and {bad:,} bad rows in {summary['seconds']:.1f} s; "
        f"{summary['rows_changed']:,} rows are other than before."
    )
