"""``memory-graph graph rebuild``: fold the topics into an empty graph beside the live one."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.graph_verify import document as verified_document
from workers.cli.graph_verify import print_report
from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.cli.selection_options import AsOption, MaybeWhyOption, act
from workers.core.errors import Misconfigured, ProblemsFound

if TYPE_CHECKING:
    from workers.ops.rebuild.plan import Plan, WorkerPlan
    from workers.ops.rebuild.run import Outcome

Progress = Callable[[str], AbstractContextManager[Callable[[str], None]]]
COLUMNS = ["worker", "topic", "partitions", "to fold", "not committed yet", "no longer in Kafka"]
SWITCH = """\
To switch: stop the workers; run this command once more, for what they have committed meanwhile; set NEO4J_URI={uri} \
(and NEO4J_PASSWORD, NEO4J_DATABASE, NEO4J_CAFILE) for them; start them."""
STOP_TO_SWITCH = """\
The new graph has what the live fleet has committed, and follows it. To switch: stop the workers, then this command \
(Ctrl-C), which folds what is left and compares again."""


def add_to(app: typer.Typer, progress: Progress) -> None:
    """Add the verb to the command group ``graph``."""

    @app.command()
    def rebuild(  # noqa: PLR0913, PLR0917 - one parameter for each option
        into: Annotated[
            str | None, typer.Option("--into", metavar="URI", help="The empty Neo4j; without it, NEW_NEO4J_URI.")
        ] = None,
        without: Annotated[
            list[str] | None, typer.Option("--without", metavar="WORKER", help="Leave out a worker; repeatable.")
        ] = None,
        execute: Annotated[bool, typer.Option("--execute", help="Fold; without it, only show the plan.")] = False,
        follow: Annotated[
            bool, typer.Option("--follow", help="Go on folding what comes, until Ctrl-C or SIGTERM.")
        ] = False,
        why: MaybeWhyOption = None,
        by: AsOption = None,
        output: OutputOption = Output.TEXT,
    ) -> None:
        """Fold the topics into an empty graph while the live fleet goes on; then compare it with them.

        For a graph that is lost or spoiled. It folds, by the workers' own rules, what the live groups have committed,
        without the dead letters: so nothing is sent, and no group, archive or live graph is changed. Interrupted, it
        goes on where it was. The password of the new graph is in NEW_NEO4J_PASSWORD, or in the file of
        NEW_NEO4J_PASSWORD_FILE.
        Exit code 1 if the new graph differs from the topics.

        Example: memory-graph graph rebuild --into bolt://neo4j-2:7687 --execute --follow
        """
        if follow and not execute:
            raise Misconfigured("--follow folds what comes: give --execute with it")
        with progress("rebuilding") as show:
            command = _Command(into, without or [], output, show)
            asyncio.run(command.run(why, by, execute=execute, follow=follow))


class _Command:
    def __init__(self, into: str | None, without: list[str], output: Output, show: Callable[[str], None]) -> None:
        self._given = {"new_neo4j": {"uri": into}} if into else {}
        self._without = without
        self._output = output
        self._show = show

    async def run(self, why: str | None, by: str | None, *, execute: bool, follow: bool) -> None:
        from workers.adapters.graph.connection import GraphConnection  # noqa: PLC0415 - keeps --help fast
        from workers.config.settings import LogLevel, Settings  # noqa: PLC0415 - same reason as above
        from workers.engine.deployment import configure_garbage_collector  # noqa: PLC0415 - same reason as above
        from workers.observe.log import configure_logging  # noqa: PLC0415 - same reason as above
        from workers.ops.rebuild.plan import chosen, planned  # noqa: PLC0415 - same reason as above
        from workers.ops.rebuild.run import Rebuild  # noqa: PLC0415 - same reason as above
        from workers.ops.rebuild.target import with_target  # noqa: PLC0415 - same reason as above
        from workers.pipelines.fleet import load_topology  # noqa: PLC0415 - same reason as above

        live = Settings.from_environment(**self._given)
        # The engine's lines are about the live fleet, such as `dead letter`: here only what stops the rebuild is said.
        configure_logging(live.log.model_copy(update={"level": LogLevel.CRITICAL}))
        settings, topology = with_target(live), load_topology(live.topology_path)
        names = chosen(topology, self._without)
        async with GraphConnection(settings.neo4j) as graph:
            self._show("reading offsets")
            plan = await planned(live, settings, topology, names, graph)
            if not execute:
                self._end(settings.neo4j.uri, plan, None)
                return
            _require_possible(plan)
            if self._output is Output.TEXT:
                _print_plan(plan)
            configure_garbage_collector()
            said = _caught_up if follow else None
            async with act("graph.rebuilt", why, by) as done:
                outcome = await Rebuild(settings, topology, names, self._show).run(graph, said)
                done.update(into=settings.neo4j.uri, records=outcome.records, differences=outcome.problems)
            self._end(settings.neo4j.uri, plan, outcome)

    def _end(self, uri: str, plan: "Plan", outcome: "Outcome | None") -> None:
        if self._output is Output.JSON:
            print_json(_document(uri, plan, outcome))
        elif outcome is None:
            _print_plan(plan)
            print("nothing was written; --execute does it")
        else:
            _print_outcome(uri, outcome)
        if outcome is not None and outcome.problems:
            raise ProblemsFound(
                f"{outcome.problems:,} differences between the new graph and what the live fleet took: each one above "
                "says what to do; do not switch"
            )


def _caught_up() -> None:
    """Say it on standard error: standard output is one document."""
    typer.echo(STOP_TO_SWITCH, err=True)


def _require_possible(plan: "Plan") -> None:
    if obstacles := [f"{each.worker} cannot be rebuilt: {each.obstacle}" for each in plan.workers if each.obstacle]:
        raise Misconfigured("; ".join(obstacles))


def _print_plan(plan: "Plan") -> None:
    state = "has an interrupted rebuild, which goes on" if plan.begun else "is empty"
    print_rows([_row(each) for each in plan.workers], COLUMNS, title=f"The new graph {state}.")
    for each in plan.workers:
        if sentence := each.obstacle or each.advice:
            print(f"{each.worker}: {sentence}")


def _row(each: "WorkerPlan") -> dict[str, Any]:
    numbers = len(each.marks), f"{each.records:,}", f"{each.later:,}", f"{each.removed:,}"
    topic = next((mark.topic for mark in each.marks), None)
    return dict(zip(COLUMNS, (each.worker, topic, *numbers), strict=True))


def _print_outcome(uri: str, outcome: "Outcome") -> None:
    print(f"{outcome.records:,} records folded, {outcome.left_out:,} dead letters left out.")
    if outcome.rejected:
        columns = ["worker", "topic", "partition", "offset", "code"]
        print_rows([each._asdict() for each in outcome.rejected], columns, title="Rejected here, and no dead letters")
        print(
            "rejected: if their dead letters are gone (purged, or by retention), nothing is missing; otherwise rebuild "
            "into an empty database, with the topology.yaml and the schemas that took them"
        )
    if outcome.report is not None:
        print_report(outcome.report)
    if not outcome.problems:
        print(SWITCH.format(uri=uri))


def _document(uri: str, plan: "Plan", outcome: "Outcome | None") -> dict[str, Any]:
    done = None
    if outcome is not None:
        report = outcome.report
        done = {
            "records": outcome.records,
            "dead_letters_left_out": outcome.left_out,
            "rejected": [each._asdict() for each in outcome.rejected],
            "verified": verified_document(report) if report else None,
        }
    workers = [_worker(each) for each in plan.workers]
    return {"into": uri, "begun": plan.begun, "workers": workers, "rebuilt": done}


def _worker(each: "WorkerPlan") -> dict[str, Any]:
    return {
        "worker": each.worker,
        "records": each.records,
        "not_committed": each.later,
        "removed": each.removed,
        "advice": each.advice,
        "obstacle": each.obstacle,
        "partitions": list(_partitions(each)),
    }


def _partitions(each: "WorkerPlan") -> Iterator[dict[str, Any]]:
    for mark in each.marks:
        known = {"topic": mark.topic, "partition": mark.partition, "begin": mark.low, "next": mark.next}
        yield known | {"committed": mark.committed, "end": mark.log.end if mark.log else None, "records": mark.again}
