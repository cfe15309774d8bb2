"""The stages at which a record can be rejected."""

from enum import StrEnum


class Stage(StrEnum):
    """Where a record failed: the value of the header ``__dlq.errors.stage``."""

    DECODE = "DECODE"
    VALIDATE = "VALIDATE"
    ENRICH = "ENRICH"
    WRITE = "WRITE"
