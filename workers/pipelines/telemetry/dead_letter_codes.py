"""The codes of the telemetry worker's dead letters."""

from workers.core.stage import Stage
from workers.core.worker import DeadLetterCode

DEAD_LETTER_CODES = (
    DeadLetterCode(Stage.VALIDATE, "record.unknown", "is no telemetry record"),
    DeadLetterCode(Stage.VALIDATE, "event_type.unknown", "has an event_type that its record type does not have"),
    DeadLetterCode(Stage.VALIDATE, "status.unknown", "has an unknown status"),
    DeadLetterCode(Stage.VALIDATE, "token_convention.unknown", "has an unknown token_convention"),
    DeadLetterCode(Stage.VALIDATE, "field.missing", "lacks a required field"),
    DeadLetterCode(Stage.VALIDATE, "field.too_large", "has a text above the size limit"),
    DeadLetterCode(Stage.VALIDATE, "field.not_unicode", "has half a surrogate pair in a text"),
    DeadLetterCode(Stage.VALIDATE, "key.mismatch", "is not keyed by its trace_id"),
    DeadLetterCode(Stage.VALIDATE, "number.negative", "has a negative count or duration"),
    DeadLetterCode(Stage.VALIDATE, "number.not_finite", "has a number that is not finite"),
    DeadLetterCode(Stage.VALIDATE, "number.out_of_range", "has a number outside its range"),
    DeadLetterCode(Stage.VALIDATE, "timestamp.too_old", "has a timestamp before 2015"),
    DeadLetterCode(Stage.VALIDATE, "timestamp.in_future", "has a timestamp more than a day ahead"),
)
