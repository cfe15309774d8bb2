"""The entry point: joins the command groups and turns errors into one sentence and an exit code."""

import sys

import typer

from workers.cli import bench, demo, doctor, fleet, graph, registry, sample, stack, topology, worker
from workers.core.errors import Misconfigured, ProblemsFound, Unreachable

app = typer.Typer(
    name="memory-graph",
    help="Fold the streams of your LLM operations into one live graph.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(stack.app, name="stack")
app.add_typer(topology.app, name="topology")
app.add_typer(graph.app, name="graph")
app.add_typer(registry.app, name="registry")
app.add_typer(sample.app, name="sample")
app.command()(worker.worker)
app.command()(fleet.fleet)
app.command()(doctor.doctor)
app.command()(demo.demo)
app.command()(bench.bench)

EXIT_CODES: dict[type[Exception], int] = {ProblemsFound: 1, Misconfigured: 2, Unreachable: 3}


def main() -> None:
    """Run the command line."""
    try:
        app()
    except tuple(EXIT_CODES) as error:
        print(f"memory-graph: {error}", file=sys.stderr)
        sys.exit(EXIT_CODES[type(error)])


if __name__ == "__main__":
    main()
