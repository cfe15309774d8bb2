"""`memory-graph stack …`: real servers as local processes."""

import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.core.errors import ProblemsFound

if TYPE_CHECKING:
    from workers.dev.stack.status import ServerStatus

app = typer.Typer(
    help="Run real servers as local processes: Kafka, Neo4j, a schema registry, and more with --with.",
    no_args_is_help=True,
)


NameOption = Annotated[str, typer.Option("--name", help="The stack's name; several stacks can run side by side.")]


@app.command()
def up(
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="More servers: cdc (PostgreSQL, Kafka Connect with Debezium), vault (OpenBao), monitoring "
            "(Prometheus). Comma-separated.",
        ),
    ] = None,
    name: NameOption = "dev",
    secure: Annotated[
        bool, typer.Option("--secure", help="TLS 1.3, logins and ACLs everywhere; for a stack that is new.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Start the servers and wait until they are ready.

    If KAFKA_BOOTSTRAP_SERVERS, NEO4J_URI, … are set, the stack uses those servers instead of starting its own.

    Example: memory-graph stack up --with cdc,vault
    """
    from workers.dev.stack.lifecycle import up as start  # noqa: PLC0415 - keeps --help fast
    from workers.dev.stack.progress import stack_progress  # noqa: PLC0415 - keeps --help fast

    with stack_progress() as progress:
        environment = start(name, extras_of(with_), progress, secure=secure).environment
    _print_status(name, output)
    if output is Output.TEXT:
        if browser := environment.get("NEO4J_HTTP"):
            print(f"Neo4j Browser: {browser}/browser/ (user and password: memory-graph stack env)")
        name_option = "" if name == "dev" else f" --name {name}"
        print(f'To use it from this shell: eval "$(memory-graph stack env{name_option})"')


def extras_of(values: list[str] | None) -> list[str]:
    """Return the names in the values of ``--with``, which commas may join."""
    return [each.strip() for value in values or () for each in value.split(",") if each.strip()]


@app.command()
def down(name: NameOption = "dev") -> None:
    """Stop exactly what `up` started; the data stays for the next `up`.

    Example: memory-graph stack down
    """
    from workers.dev.stack.lifecycle import down as stop  # noqa: PLC0415 - keeps --help fast
    from workers.dev.stack.progress import stack_progress  # noqa: PLC0415 - keeps --help fast
    from workers.dev.stack.status import require_stack  # noqa: PLC0415 - keeps --help fast

    require_stack(name)
    with stack_progress() as progress:
        stop(name, progress)


@app.command()
def status(name: NameOption = "dev", output: OutputOption = Output.TEXT) -> None:
    """Show which servers run and where; exit code 1 if one fails.

    Example: memory-graph stack status -o json
    """
    from workers.dev.stack.logs import crash_report  # noqa: PLC0415 - keeps --help fast
    from workers.dev.stack.status import RunState, log_file, require_stack  # noqa: PLC0415 - keeps --help fast

    require_stack(name)
    rows = _print_status(name, output)
    crashed = [row.server for row in rows if row.state is RunState.CRASHED]
    reports = [crash_report(server, log_file(name, server), "has crashed") for server in crashed]
    reports += [f"{row.server}: {row.trouble}" for row in rows if row.trouble]
    if reports:
        raise ProblemsFound("\n".join([*reports, f"start it again with memory-graph stack up --name {name}."]))


@app.command()
def env(
    name: NameOption = "dev",
    worker: Annotated[
        str | None, typer.Option(help="With this worker's own user of Kafka, or with 'operator', for a secure stack.")
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print the settings for programs that use the stack, as lines for a shell.

    Example: eval "$(memory-graph stack env)"
    """
    from workers.dev.stack.status import environment, require_stack  # noqa: PLC0415 - keeps --help fast

    require_stack(name)
    settings = environment(name, worker=worker)
    if output is Output.JSON:
        print_json(settings)
        return
    for key, value in settings.items():
        print(f"export {key}={shlex.quote(value)}")


@app.command()
def logs(
    server: Annotated[str, typer.Argument(help="kafka, neo4j, apicurio, postgres, connect, openbao or prometheus.")],
    name: NameOption = "dev",
    lines: Annotated[int, typer.Option(help="Number of lines from the end of the log.", min=1)] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines.")] = False,
) -> None:
    """Print the log of a server.

    Example: memory-graph stack logs neo4j --follow
    """
    from workers.dev.stack.logs import follow as following  # noqa: PLC0415 - keeps --help fast
    from workers.dev.stack.logs import tail  # noqa: PLC0415 - keeps --help fast
    from workers.dev.stack.status import log_file, require_stack  # noqa: PLC0415 - keeps --help fast

    require_stack(name)
    log = log_file(name, server)
    if follow:
        for chunk in following(log, lines):
            sys.stdout.write(chunk)
            sys.stdout.flush()
    else:
        print(tail(log, lines))


@app.command()
def reset(name: NameOption = "dev") -> None:
    """Stop the stack and delete its data, logs, ports and passwords.

    Example: memory-graph stack reset --name experiment
    """
    from workers.dev.stack.lifecycle import reset as delete  # noqa: PLC0415 - keeps --help fast
    from workers.dev.stack.progress import stack_progress  # noqa: PLC0415 - keeps --help fast
    from workers.dev.stack.status import require_stack  # noqa: PLC0415 - keeps --help fast

    require_stack(name)
    with stack_progress() as progress:
        delete(name, progress)


def _print_status(name: str, output: Output) -> "list[ServerStatus]":
    from workers.dev.stack.status import status as rows_of  # noqa: PLC0415 - keeps --help fast

    rows = rows_of(name)
    data = [row.model_dump(mode="json") for row in rows]
    if output is Output.JSON:
        print_json({"name": name, "servers": data})
    else:
        print_rows(data, ["server", "state", "pid", "address"], title=f"stack {name}")
    return rows
