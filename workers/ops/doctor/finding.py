"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum

from workers.core.errors import Misconfigured, ProblemsFound, Retryable, Unreachable


class State(StrEnum):
    """How it stands; the worst of a run decides the exit code."""

    OK = "ok"
    PROBLEM = "problem"
    UNREACHABLE = "unreachable"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was checked, how it stands, and in words, with the fix where it needs one."""

    check: str
    state: State
    message: str


def ok(check: str, message: str) -> Finding:
    """Word what is in order."""
    return Finding(check, State.OK, message)


def problem(check: str, message: str) -> Finding:
    """Word what is not, after a semicolon the fix."""
    return Finding(check, State.PROBLEM, message)


def failed(check: str, error: Misconfigured | Unreachable | Retryable) -> Finding:
    """Word an error that ended a check."""
    state = State.MISCONFIGURED if isinstance(error, Misconfigured) else State.UNREACHABLE
    return Finding(check, state, " ".join(str(error).split()))


def raise_worst(findings: list[Finding]) -> None:
    """Raise what the worst finding stands for: ``Misconfigured``, ``Unreachable``, ``ProblemsFound``; or nothing."""
    errors = {State.MISCONFIGURED: Misconfigured, State.UNREACHABLE: Unreachable, State.PROBLEM: ProblemsFound}
    bad = [finding for finding in findings if finding.state is not State.OK]
    for state, error in errors.items():
        if any(finding.state is state for finding in bad):
            raise error(f"{len(bad)} of {len(findings)} checks failed; each line above says what to do")
