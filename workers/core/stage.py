"""The steps of a record's way at which it can be turned away for good."""

from enum import StrEnum


class Stage(StrEnum):
    """Where a record failed; the value of the header ``__dlq.errors.stage``."""

    DECODE = "DECODE"
    VALIDATE = "VALIDATE"
    ENRICH = "ENRICH"
    WRITE = "WRITE"
