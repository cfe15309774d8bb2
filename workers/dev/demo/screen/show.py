"""The whole report on one screen."""

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.text import Text

from workers.dev.demo.report import Report
from workers.dev.demo.screen.answers import answers
from workers.dev.demo.screen.frame import closing, headline, problems
from workers.dev.demo.screen.speed import speed
from workers.dev.demo.screen.tables import counts, dead_letters
from workers.dev.demo.screen.trace import trace


def show(report: Report, console: Console, program: str) -> None:
    """Print every part of the report, with an empty line between. ``program`` is the name of this command."""
    for part in _parts(report, console.width, program):
        console.print(part)
        console.print()
    console.print(Text(f"All of it took {report.seconds:.0f} s.", "dim"))


def _parts(report: Report, width: int, program: str) -> Iterator[RenderableType]:
    yield headline(report)
    yield counts(report.labels, report.relationships)
    yield speed(report)
    yield trace(report.trace, width)
    yield dead_letters(report.dead_letters, report.produced["poison"], report.repaired, program)
    yield answers(report.answers)
    yield closing(report, program)
    if report.problems:
        yield problems(report.problems)
