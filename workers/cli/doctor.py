"""``memory-graph doctor``: check every dependency."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from workers.cli.output import Output, OutputOption, print_json

if TYPE_CHECKING:
    from workers.ops.doctor.finding import Finding


def doctor(output: OutputOption = Output.TEXT) -> None:
    """Check every server, credential, topic, schema, constraint and consumer group, and say how to fix problems.

    Exit code 0: no problem; 1: problems; 2: a wrong setting; 3: a server does not answer.

    Example: memory-graph doctor
    """
    import asyncio  # noqa: PLC0415 - keeps --help fast

    from rich.console import Console  # noqa: PLC0415 - same reason as above

    from workers.ops.doctor.examine import examine  # noqa: PLC0415 - same reason as above
    from workers.ops.doctor.finding import raise_worst  # noqa: PLC0415 - same reason as above

    with Console(stderr=True).status("asking Kafka, the schema registry and Neo4j"):
        findings = asyncio.run(examine())
    if output is Output.JSON:
        print_json([asdict(finding) for finding in findings])
    else:
        _print_findings(findings)
    raise_worst(findings)


def _print_findings(findings: "list[Finding]") -> None:
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast
    from rich.text import Text  # noqa: PLC0415 - same reason as above

    styles = {"ok": "green", "problem": "yellow", "unreachable": "red", "misconfigured": "red"}
    console = Console(soft_wrap=True)
    for finding in findings:
        console.print(
            Text(f"{finding.state:<13} ", styles[finding.state]) + Text(f"{finding.check}: {finding.message}")
        )
