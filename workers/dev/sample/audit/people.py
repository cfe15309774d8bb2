"""The people who look into the vault, with their roles and habits."""

from typing import NamedTuple

ADMINISTRATOR = "admin-root"
GATEWAY = "svc-gateway"
EVALUATION = "svc-evaluation"
LEAVER = "ml-engineer-tom"


class Person(NamedTuple):
    """A person: role, working hours, address, usual reasons, and what the role may read.

    ``hours`` is the working day, in hours before and after the time of day at which the sample begins.
    """

    user_id: str
    role: str
    hours: tuple[int, int]
    source_ip: str
    reasons: tuple[str, ...]
    may_read: frozenset[str]


_MOST = frozenset({"confidential"})
_ALL = frozenset({"confidential", "restricted", "pii"})

PEOPLE = (
    Person("data-scientist-ada", "data_scientist", (-4, 4), "10.0.1.21", ("Evaluate answers", "Test data"), _MOST),
    Person("data-scientist-bo", "data_scientist", (-3, 5), "10.0.1.22", ("Evaluate answers",), _MOST),
    Person("ml-engineer-lin", "ml_engineer", (-5, 3), "10.0.1.31", ("Model debugging", "Latency analysis"), _MOST),
    Person(LEAVER, "ml_engineer", (-4, 5), "10.0.1.32", ("Model debugging",), _ALL),
    Person("compliance-officer-sue", "compliance_officer", (-4, 5), "10.0.2.11", ("Compliance review",), _ALL),
)  # fmt: skip
