"""``memory-graph topology``: check, show, apply and compare ``topology.yaml``."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.core.errors import Misconfigured, ProblemsFound, Unreachable

if TYPE_CHECKING:
    from workers.adapters.kafka.topic_plan import TopicPlan
    from workers.config.resolved import Resolved
    from workers.ops.topology_diff import Comparison

app = typer.Typer(help="Check, show, apply and compare topology.yaml.", no_args_is_help=True)

PathOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", help="The file. Default: $MEMORY_GRAPH_TOPOLOGY, or ./topology.yaml."),
]


@app.command()
def check(file: PathOption = None, output: OutputOption = Output.TEXT) -> None:
    """Print every fault of the file with its line; exit code 2 if there is any.

    Example: memory-graph topology check
    """
    from workers.pipelines.fleet import load_topology  # noqa: PLC0415 - keeps --help fast

    path = _path(file)
    try:
        topology = load_topology(path)
    except Misconfigured as fault:
        if output is Output.JSON:
            print_json({"file": str(path), "faults": [line for line in str(fault).splitlines() if ": " in line]})
        raise
    if output is Output.JSON:
        print_json({"file": str(path), "faults": []})
    else:
        print(f"{path} is valid: topics {', '.join(topology.topics)}; workers {', '.join(topology.workers)}")


@app.command()
def show(file: PathOption = None, output: OutputOption = Output.TEXT) -> None:
    """Print the effective file with all default values, and where each value comes from.

    Example: memory-graph topology show -o json
    """
    from workers.config.resolved import resolve  # noqa: PLC0415 - keeps --help fast
    from workers.pipelines.fleet import OPTION_MODELS  # noqa: PLC0415 - same reason as above

    resolved = resolve(_path(file), OPTION_MODELS)
    if output is Output.JSON:
        origins = {".".join(map(str, leaf)): origin for leaf, origin in resolved.origins.items()}
        print_json({**resolved.values, "origins": origins})
    else:
        _print_yaml(resolved)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors.

    Example: memory-graph topology schema > topology.schema.json
    """
    from workers.config.topology import topology_schema  # noqa: PLC0415 - keeps --help fast
    from workers.pipelines.fleet import OPTION_MODELS  # noqa: PLC0415 - same reason as above

    print_json(topology_schema(OPTION_MODELS))


@app.command()
def apply(
    *,
    execute: Annotated[
        bool, typer.Option("--execute", help="Apply the changes; without this option, only show them.")
    ] = False,
    allow_repartition: Annotated[
        bool, typer.Option("--allow-repartition", help="Add partitions even if keys move to other partitions.")
    ] = False,
    file: PathOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create or alter topics and their dead-letter topics to match the file.

    Without --execute the brokers only check every change. Topics that the file does not name are not changed.

    Example: memory-graph topology apply --execute
    """
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from workers.adapters.kafka.topics import apply_topology  # noqa: PLC0415 - same reason as above
    from workers.config.settings import Settings  # noqa: PLC0415 - same reason as above
    from workers.pipelines.fleet import load_topology  # noqa: PLC0415 - same reason as above

    settings = Settings.from_environment()
    topology = load_topology(file or settings.topology_path)
    with Console(stderr=True).status(f"asking Kafka at {settings.kafka.bootstrap_servers}"):
        plan = apply_topology(settings.kafka, topology, execute=execute, allow_repartition=allow_repartition)
    _print_plan(plan, output, execute=execute)
    if plan.refusals:
        raise ProblemsFound("nothing was changed: " + "; ".join(plan.refusals))


@app.command()
def diff(
    worker_url: Annotated[
        list[str] | None,
        typer.Option(
            "--worker-url",
            help="A worker's address; repeat it. Default: those in $METRICS_TARGETS, or 127.0.0.1 at $METRICS_PORT.",
        ),
    ] = None,
    file: PathOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print where Kafka's topics and running workers differ from the file.

    Exit code 1 if something differs, 3 if a server is out of reach; what the others say is printed all the same.

    Example: memory-graph topology diff --worker-url http://10.0.0.7:9464
    """
    import asyncio  # noqa: PLC0415 - keeps --help fast

    from rich.console import Console  # noqa: PLC0415 - same reason as above

    from workers.config.settings import Settings  # noqa: PLC0415 - same reason as above
    from workers.ops.topology_diff import compare, default_urls  # noqa: PLC0415 - same reason as above
    from workers.pipelines.fleet import load_topology  # noqa: PLC0415 - same reason as above

    settings = Settings.from_environment()
    topology = load_topology(file or settings.topology_path)
    urls = worker_url or default_urls(settings.metrics_port, settings.metrics_targets)
    with Console(stderr=True).status("asking Kafka and the workers"):
        compared = asyncio.run(compare(settings.kafka, topology, urls))
    _print_comparison(compared, topology.source.digest, output)
    if compared.unreachable:
        raise Unreachable("; ".join(compared.unreachable))
    if compared.differences:
        raise ProblemsFound(f"{len(compared.differences)} keys differ from the file")


@app.command()
def acls(
    *,
    execute: Annotated[
        bool, typer.Option("--execute", help="Create the rules; without this option, only show them.")
    ] = False,
    user_prefix: Annotated[
        str,
        typer.Option(
            help="What the names of users begin with. The chart's users are named RELEASE-memory-graph-WORKER."
        ),
    ] = "memory-graph-",
    file: PathOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what each worker, and an operator, must be allowed in Kafka, by the name of the user; --execute allows it.

    Rules that are there already stay, also those that the file no longer needs. A name with * at its end is a prefix.

    Example: memory-graph topology acls --execute
    """
    from workers.config.settings import Settings  # noqa: PLC0415 - keeps --help fast
    from workers.ops.acls import allow_all, fleet_acls  # noqa: PLC0415 - same reason as above
    from workers.pipelines.fleet import load_topology  # noqa: PLC0415 - same reason as above

    settings = Settings.from_environment()
    found = fleet_acls(load_topology(file or settings.topology_path), user_prefix)
    if execute:
        allow_all(settings.kafka, found)
    rows = [{"user": user, **acl._asdict()} for user, rules in found.items() for acl in rules]
    if output is Output.JSON:
        print_json({"executed": execute, "acls": rows})
        return
    shown = [{**row, "operations": ", ".join(row["operations"])} for row in rows]
    print_rows(shown, ["user", "resource", "name", "operations"], title="Rules" if execute else "Planned rules")
    if not execute:
        print("Nothing was changed; add --execute to create the rules.")


def _path(file: Path | None) -> Path:
    from workers.config.settings import Settings  # noqa: PLC0415 - keeps --help fast

    return file or Settings.from_environment().topology_path


def _print_comparison(compared: "Comparison", version: str, output: Output) -> None:
    rows = [each._asdict() for each in compared.differences]
    if output is Output.JSON:
        print_json({"version": version, "differences": rows, "unreachable": compared.unreachable})
    elif rows:
        print_rows(rows, ["where", "key", "file", "running"], title=f"Differences from version {version}")
    elif not compared.unreachable:
        print(f"Kafka and the workers are as version {version} of the file says.")


def _print_yaml(resolved: "Resolved") -> None:
    from ruamel.yaml import YAML  # noqa: PLC0415 - keeps --help fast

    from workers.config.resolved import annotated  # noqa: PLC0415 - same reason as above

    yaml = YAML()
    yaml.width = 200
    yaml.dump(annotated(resolved), sys.stdout)


def _print_plan(plan: "TopicPlan", output: Output, *, execute: bool) -> None:
    done = execute and not plan.refusals
    if output is Output.JSON:
        print_json({"executed": done, "changes": [asdict(c) for c in plan.changes], "refusals": plan.refusals})
    elif plan.changes:
        rows = [{"topic": c.topic, "change": c.action, "details": c.summary} for c in plan.changes]
        print_rows(rows, ["topic", "change", "details"], title="Changes" if done else "Planned changes")
        if not execute:
            print("Nothing was changed; add --execute to apply the changes.")
    elif not plan.refusals:
        print("Nothing to do: every topic in Kafka matches the file.")
