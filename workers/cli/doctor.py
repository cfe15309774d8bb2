"""``memory-graph doctor``: check everything, and say what to do."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from workers.cli.output import Output, OutputOption, print_json

if TYPE_CHECKING:
    from workers.ops.doctor.finding import Finding


def doctor(output: OutputOption = Output.TEXT) -> None:
    """Check every server, credential, topic, schema, constraint and consumer group, and say what to do.

    Exit code 0 when all is well, 1 for problems, 2 for a wrong setting, 3 for a server that does not answer.

    Example: memory-graph doctor
    """
    import asyncio  # noqa: PLC0415 - loaded when run, so that --help stays fast

    from rich.console import Console  # noqa: PLC0415 - loaded when run, so that --help stays fast

    from workers.ops.doctor.examine import examine  # noqa: PLC0415 - likewise
    from workers.ops.doctor.finding import raise_worst  # noqa: PLC0415 - likewise

    with Console(stderr=True).status("asking Kafka, the schema registry and Neo4j"):
        findings = asyncio.run(examine())
    if output is Output.JSON:
        print_json([asdict(finding) for finding in findings])
    else:
        _print_findings(findings)
    raise_worst(findings)


def _print_findings(findings: "list[Finding]") -> None:
    from rich.console import Console  # noqa: PLC0415 - loaded when run, so that --help stays fast
    from rich.text import Text  # noqa: PLC0415 - likewise

    styles = {"ok": "green", "problem": "yellow", "unreachable": "red", "misconfigured": "red"}
    console = Console(soft_wrap=True)
    for finding in findings:
        console.print(
            Text(f"{finding.state:<13} ", styles[finding.state]) + Text(f"{finding.check}: {finding.message}")
        )
