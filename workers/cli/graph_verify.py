"""``memory-graph graph verify``: compare the graph with the topics."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.output import Output, OutputOption, print_json, print_rows
from workers.cli.selection_options import configuration
from workers.core.errors import Misconfigured, ProblemsFound

if TYPE_CHECKING:
    from workers.ops.graph_check.context import Check
    from workers.ops.graph_check.finding import Finding
    from workers.ops.graph_check.report import Compared, Report
    from workers.ops.graph_check.watermarks import PartitionMark

Progress = Callable[[str], AbstractContextManager[Callable[[str], None]]]
MARKS = ["worker", "topic", "partitions", "lag", "removed before it was read", "result"]
FINDINGS = ["kind", "where", "what", "expected", "found", "topic"]
CHECKS = ("watermarks", "audit", "registry", "traces", "relationships")


def percent(text: str) -> float:
    """Return the share, from 0 to 1, of a text such as 1%."""
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise typer.BadParameter(f"{text!r} is no share of the traces: write it like 1% or 0.5%")
    return share


SampleOption = Annotated[
    float | None,
    typer.Option(
        "--sample",
        parser=percent,
        metavar="PERCENT",
        help="Share of the traces to compare, such as 1%. Default: as many as have about 100,000 records.",
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="Compare every trace.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Another number chooses other traces.")]
CheckOption = Annotated[
    list[str] | None,
    typer.Option(
        "--check",
        help=f"Only this one of {', '.join(CHECKS)}; repeatable.",
        autocompletion=lambda: list(CHECKS),
    ),
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="Show so many differences; all are counted.")]


def add_to(app: typer.Typer, progress: Progress) -> None:
    """Add the verb to the command group ``graph``."""

    @app.command()
    def verify(  # noqa: PLR0913, PLR0917 - one parameter for each option
        sample: SampleOption = None,
        every: AllOption = False,
        seed: SeedOption = 0,
        check: CheckOption = None,
        limit: LimitOption = 1_000,
        output: OutputOption = Output.TEXT,
    ) -> None:
        """Compare the graph with the topics, and name each difference; exit code 1 if there is one. It only reads.

        watermarks: those of every worker beside the offsets of its topic. audit: the chains of audit events, by
        themselves. registry: models and schemas, their changes folded again. traces: records of telemetry up to the
        watermarks, folded again: nodes, properties, relationships, chains, costs by the price in force.
        relationships: what every node must have. Later records are lag, not a difference. What a topic no longer has
        is only checked by itself. Schema migrations are not compared with their topic.

        Example: memory-graph graph verify --sample 1%
        """
        if every and sample is not None:
            raise Misconfigured("--all and --sample exclude each other: give one of them")
        with progress("verifying") as show:
            report = _verified(1.0 if every else sample, seed, checks_of(check), limit, show)
        if output is Output.JSON:
            print_json(document(report))
        else:
            print_report(report)
        if found := sum(report.found.values()):
            raise ProblemsFound(
                f"{found:,} differences between the graph and the topics: each one above says what to do"
            )


def checks_of(names: list[str] | None) -> "frozenset[Check]":
    """Return the checks of these names; all without any. Raises ``Misconfigured``."""
    from workers.ops.graph_check.context import Check  # noqa: PLC0415 - keeps --help fast

    unknown = [name for name in names or () if name not in CHECKS]
    if unknown:
        raise Misconfigured(f"--check {unknown[0]!r} is unknown: give one of {', '.join(CHECKS)}")
    return frozenset(map(Check, names or CHECKS))


def _verified(
    share: float | None, seed: int, checks: "frozenset[Check]", limit: int, show: Callable[[str], None]
) -> "Report":
    from workers.ops.graph_check.context import Request  # noqa: PLC0415 - keeps --help fast
    from workers.ops.graph_check.run import verify  # noqa: PLC0415 - same reason as above

    return asyncio.run(verify(*configuration(), Request(checks, share, seed, limit), show))


def print_report(report: "Report") -> None:
    """Print the report for people."""
    print_rows(list(_mark_rows(report.marks)), MARKS)
    print("\n".join(_sentences(report)))
    if report.findings:
        print_rows([_finding_row(finding) for finding in report.findings], FINDINGS)
        print("\n".join(_fixes(report)))


def document(report: "Report") -> dict[str, Any]:
    """Return the report for programs."""
    return {
        "equal": not report.found,
        "sample": {"share": report.share, "seed": report.seed},
        "watermarks": [_mark(mark) for mark in report.marks],
        "traces": _compared(report.traces),
        "registry": _compared(report.registry),
        "audit_chains": report.audit_chains,
        "found": dict(report.found),
        "differences": [each._asdict() | {"place": each.place._asdict()} for each in report.findings],
        "notes": report.notes,
    }


def _compared(of: "Compared") -> dict[str, Any]:
    numbers = {name: getattr(of, name) for name in ("compared", "older", "changing", "moving", "dead_letters")}
    return numbers | {"nodes": dict(of.by_label)}


def _mark(mark: "PartitionMark") -> dict[str, Any]:
    return {
        "worker": mark.worker,
        "topic": mark.topic,
        "partition": mark.partition,
        "offset": mark.mark.offset if mark.mark else None,
        "begin": mark.log.low if mark.log else None,
        "end": mark.log.end if mark.log else None,
        "lag": mark.lag,
        "removed_unread": mark.gone,
        "fault": mark.fault[0] if mark.fault else None,
    }


def _mark_rows(marks: "list[PartitionMark]") -> Iterator[dict[str, Any]]:
    for worker, topic in dict.fromkeys((mark.worker, mark.topic) for mark in marks):
        own = [mark for mark in marks if (mark.worker, mark.topic) == (worker, topic)]
        faults = sum(mark.fault is not None for mark in own)
        numbers = len(own), f"{sum(mark.lag for mark in own):,}", f"{sum(mark.gone for mark in own):,}"
        yield dict(zip(MARKS, (worker, topic, *numbers, f"{faults} wrong" if faults else "fits"), strict=True))


def _sentences(report: "Report") -> Iterator[str]:
    chosen = f"traces compared ({report.share:.4g} of all, seed {report.seed})"
    yield from _sentences_of(report.traces, chosen, "traces")
    yield from _sentences_of(report.registry, "models and schemas compared", "models and schemas")
    if report.audit_chains:
        yield f"{report.audit_chains:,} audit chains read."
    yield from report.notes
    found = ", ".join(f"{count:,} {kind}" for kind, count in report.found.items())
    yield f"{found}." if found else "No difference."


def _sentences_of(of: "Compared", compared: str, subjects: str) -> Iterator[str]:
    nodes = ", ".join(f"{count:,} {label}" for label, count in sorted(of.by_label.items())) or "no nodes"
    yield f"{of.compared:,} {compared}: {nodes}."
    for count, what in (
        (of.dead_letters, "of their records are dead letters: left out"),
        (of.older, f"{subjects} are older than the topic: not compared with it"),
        (of.changing, f"{subjects} changed at each look: not judged"),
        (of.moving, "relationships wait to be moved to another Model by telemetry's job"),
    ):
        if count:
            yield f"{count:,} {what}."


def _finding_row(finding: "Finding") -> dict[str, Any]:
    place = finding.place
    where = None if place.topic is None else f"{place.topic}[{place.partition}]"
    if where and place.offset is not None:
        where += f" {place.offset:,}"
    return dict(
        zip(
            FINDINGS,
            (finding.kind.value, finding.subject, finding.name, finding.expected, finding.found, where),
            strict=True,
        )
    )


def _fixes(report: "Report") -> Iterator[str]:
    fixes = Counter((finding.kind.value, finding.fix) for finding in report.findings)
    yield from (f"{kind}: {fix}" for kind, fix in fixes)
    if (left := sum(report.found.values()) - len(report.findings)) > 0:
        yield f"{left:,} more are not shown: raise --limit"
