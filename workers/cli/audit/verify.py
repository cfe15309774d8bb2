"""``memory-graph audit``: its verbs, and ``audit verify``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.audit.expire import expire
from workers.cli.audit.options import PublicKeyOption, millis
from workers.cli.audit.search import proof, search
from workers.cli.graph import progress
from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.cli.selection_options import SinceOption, UntilOption, configuration
from workers.core.errors import ProblemsFound
from workers.ops.audit.source import Source

if TYPE_CHECKING:
    from workers.ops.audit.finding import Result

app = typer.Typer(help="Prove that nobody edited the audit events, and search them.", no_args_is_help=True)
COLUMNS = ["partition", "chain", "verified", "lag", "checkpoints", "signed", "unsigned", "result"]


@app.callback()
def audit() -> None:
    """Prove that nobody edited the audit events, and search them."""


@app.command()
def verify(  # noqa: PLR0913, PLR0917 - one parameter for each option
    source: Annotated[Source, typer.Option("--source", help="Where the records are read from.")] = Source.GRAPH,
    partition: Annotated[int | None, typer.Option("--partition", min=0, help="Only this partition.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    public_key: PublicKeyOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Compute the chain again, and name the first record of each partition that was edited; check every signature.

    graph: each event by its own hash, the chain up to its end, and the checkpoints. topic: the chain of what was sent,
    compared with the graph's and the checkpoints. archive: every object, by its events, checkpoints and signatures.
    Run all of them. It only reads.

    Example: memory-graph audit verify --source topic
    """
    results = _verified(source, partition, since, until, public_key)
    whole = not any(result.findings for result in results)
    if output is Output.JSON:
        print_json({"source": source, "whole": whole, "chains": [_document(result) for result in results]})
    else:
        _print(results)
    if not whole:
        broken = sum(bool(result.findings) for result in results)
        raise ProblemsFound(f"{broken} of {len(results)} chains are not as they were written: see the findings above")


app.command()(expire)
app.command()(search)
app.command()(proof)


def _verified(
    source: Source, partition: int | None, since: str | None, until: str | None, public_key: Path | None
) -> "list[Result]":
    import asyncio  # noqa: PLC0415 - keeps --help fast

    from workers.ops.audit.tasks import Request, tasks  # noqa: PLC0415 - same reason as above
    from workers.ops.audit.verify import verify_all  # noqa: PLC0415 - same reason as above
    from workers.ops.audit.verify_chain import verify_chain  # noqa: PLC0415 - same reason as above

    settings, topology = configuration()
    request = Request(source, millis("--since", since), millis("--until", until), public_key, partition)
    found = asyncio.run(tasks(settings, topology, request))
    with progress("verifying") as show:
        return verify_all(settings, found, verify_chain, lambda read, of: show(f"{read:,} of {of:,} records"))


def _document(result: "Result") -> dict[str, Any]:
    return {
        **result.chain._asdict(),
        "records": result.records,
        "head": result.head,
        "hash": result.hash,
        "lag": result.lag,
        "checkpoints": {"agree": result.checkpoints, "signed": result.signed, "unsigned": result.unsigned},
        "findings": [finding._asdict() for finding in result.findings],
    }


def _print(results: "list[Result]") -> None:
    rows = [
        {
            "partition": result.chain.partition,
            "chain": result.chain.chain_id,
            "verified": f"{result.records:,}",
            "lag": f"{result.lag:,}",
            "checkpoints": result.checkpoints,
            "signed": result.signed,
            "unsigned": result.unsigned,
            "result": result.findings[0].kind.value if result.findings else "whole",
        }
        for result in results
    ]
    print_rows(rows, COLUMNS, title=results[0].chain.topic if results else None)
    for result in results:
        for finding in result.findings:
            print(f"partition {result.chain.partition}, {finding.kind}: {finding.message}")
    if any(result.unsigned for result in results):
        print("Unsigned checkpoints prove nothing against who can write the topic: set VAULT_ADDR for the worker.")
