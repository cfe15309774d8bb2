"""The two verbs, for the command group ``graph``."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.cli.selection_options import AsOption, MaybeWhyOption, act
from workers.core.errors import Misconfigured

if TYPE_CHECKING:
    from workers.config.settings import Settings
    from workers.ops.backup.manifest import Manifest
    from workers.ops.backup.read_again import ReadAgain

COLUMNS = ["worker", "topic", "at most again", "no longer in Kafka", "what to do"]
StopOption = Annotated[str | None, typer.Option("--stop", metavar="COMMAND", help="Stops Neo4j, if it runs.")]
StartOption = Annotated[str | None, typer.Option("--start", metavar="COMMAND", help="Starts Neo4j again at the end.")]
ExecuteOption = Annotated[
    bool, typer.Option("--execute", help="Replace the graph; without it, only show what the workers would read again.")
]
CheckOption = Annotated[
    bool,
    typer.Option("--check", help="Compare the graph with the backup, once Neo4j runs again; exit code 1 if behind."),
]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the command group ``graph``."""
    app.command()(backup)
    app.command()(restore)


def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write the dump and its manifest.")],
    stop: StopOption = None,
    start: StartOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Dump the graph on Neo4j's own machine, with its watermarks beside it. The server must be stopped for it.

    Run it while Neo4j runs, which notes the watermarks, and again once Neo4j is stopped. Or name the commands.

    Example: memory-graph graph backup /backups --stop "systemctl stop neo4j" --start "systemctl start neo4j"
    """
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from workers.config.settings import Settings  # noqa: PLC0415 - same reason as above
    from workers.ops.backup.manifest import Manifest, read_json  # noqa: PLC0415 - same reason as above
    from workers.ops.backup.take import backup as take  # noqa: PLC0415 - same reason as above

    _require_both(stop, start)
    with Console(stderr=True).status("taking a backup of the graph"):
        file = take(Settings.from_environment().neo4j, folder, stop, start)
    if output is Output.JSON:
        print_json({"manifest": str(file), **read_json(Manifest, file).model_dump(mode="json")})
    else:
        print(f"{file}: {_described(read_json(Manifest, file))}")


def restore(  # noqa: PLR0913, PLR0917 - one parameter for each option
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="A manifest, or a folder: its newest one.")],
    execute: ExecuteOption = False,
    check: CheckOption = False,
    stop: StopOption = None,
    start: StartOption = None,
    why: MaybeWhyOption = None,
    by: AsOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Load a backup on Neo4j's own machine; say what the workers read again, and what Kafka no longer has of it.

    Workers may run meanwhile: they hold, and go on where the backup ends. Everything that is in the graph now is lost.

    Example: memory-graph graph restore /backups --execute
    """
    from workers.config.settings import Settings  # noqa: PLC0415 - keeps --help fast
    from workers.ops.backup.manifest import Manifest, latest, read_json  # noqa: PLC0415 - same reason as above

    _require_both(stop, start)
    if execute and check:
        raise Misconfigured("--check is for after the start: run it alone, or give --execute with --stop and --start")
    settings, file = Settings.from_environment(), latest(backup)
    manifest = read_json(Manifest, file)
    done = Done(file)
    if execute:
        asyncio.run(_load(settings, file, manifest, (stop, start), (why, by)))
        done.loaded = True
    if check or (execute and start):
        done.unchanged = _checked(settings, manifest, waiting=execute)
    done.show(manifest, _read_again(settings, manifest), output)


@dataclass
class Done:
    """What was done with a backup. ``unchanged``: how many partitions stand where it has them, once compared."""

    file: Path
    loaded: bool = False
    unchanged: int | None = None

    def show(self, manifest: "Manifest", rows: "list[ReadAgain]", output: Output) -> None:
        """Print it."""
        if output is Output.JSON:
            print_json(self._document(manifest, rows))
            return
        print(f"{self.file}: {_described(manifest)}")
        print_rows([_row(row) for row in rows], COLUMNS)
        print(self._sentence(len(manifest.graph.marks)))

    def _document(self, manifest: "Manifest", rows: "list[ReadAgain]") -> dict[str, Any]:
        again = [row._asdict() for row in rows]
        known = {"manifest": str(self.file), "taken_at": manifest.taken_at, "partitions": len(manifest.graph.marks)}
        return known | {"loaded": self.loaded, "unchanged": self.unchanged, "read_again": again}

    def _sentence(self, partitions: int) -> str:
        if self.unchanged is not None:
            where = f"{self.unchanged} partitions stand where it has them, {partitions - self.unchanged} further"
            return f"The graph is that of the backup: {where}."
        if self.loaded:
            return f"Loaded. Start Neo4j, then: memory-graph graph restore {self.file} --check"
        return "Nothing was changed; stop Neo4j and add --execute to load it."


def _require_both(stop: str | None, start: str | None) -> None:
    if bool(stop) is not bool(start):
        raise Misconfigured("--stop and --start belong together: give both, or stop and start Neo4j yourself")


async def _load(
    settings: "Settings",
    file: Path,
    manifest: "Manifest",
    commands: tuple[str | None, str | None],
    reason: tuple[str | None, str | None],
) -> None:
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from workers.ops.backup.restore import restore as load  # noqa: PLC0415 - same reason as above

    async with act("graph.restored", *reason) as done:
        with Console(stderr=True).status("loading the backup"):
            await asyncio.to_thread(load, settings.neo4j, file, manifest, *commands)
        done["taken_at"] = manifest.taken_at


def _checked(settings: "Settings", manifest: "Manifest", *, waiting: bool) -> int:
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from workers.ops.backup.restore import require_restored  # noqa: PLC0415 - same reason as above
    from workers.ops.backup.server import noted_now, until_answer  # noqa: PLC0415 - same reason as above

    with Console(stderr=True).status("comparing the graph with the backup"):
        graph = asyncio.run((until_answer if waiting else noted_now)(settings.neo4j))
    return require_restored(manifest, graph)


def _read_again(settings: "Settings", manifest: "Manifest") -> "list[ReadAgain]":
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    from workers.ops.backup.read_again import read_again  # noqa: PLC0415 - same reason as above
    from workers.pipelines.fleet import load_topology  # noqa: PLC0415 - same reason as above

    topics = {name: worker.topic for name, worker in load_topology(settings.topology_path).workers.items()}
    with Console(stderr=True).status("asking Kafka"):
        return list(read_again(settings.kafka, topics, manifest.graph.marks))


def _described(manifest: "Manifest") -> str:
    graph = manifest.graph
    return (
        f"Neo4j {graph.version} {graph.edition}, database {graph.database}, {manifest.bytes / 2**20:,.1f} MiB, "
        f"{len(graph.marks)} partitions, taken {manifest.taken_at:%Y-%m-%d %H:%M} UTC"
    )


def _row(row: "ReadAgain") -> dict[str, str]:
    gone = "all since the backup: the topic is another one" if row.recreated else f"{row.gone:,}"
    numbers = f"{row.again:,}", gone, row.command or ""
    return dict(zip(COLUMNS, (row.worker, row.topic, *numbers), strict=True))
