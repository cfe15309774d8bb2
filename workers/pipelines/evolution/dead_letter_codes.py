"""The codes of the evolution worker's dead letters."""

from workers.core.stage import Stage
from workers.core.worker import DeadLetterCode

DEAD_LETTER_CODES = (
    DeadLetterCode(Stage.VALIDATE, "record.unknown", "is no record of schema migrations"),
    DeadLetterCode(Stage.VALIDATE, "field.missing", "has an empty field"),
    DeadLetterCode(Stage.VALIDATE, "field.too_large", "has a text above the size limit"),
    DeadLetterCode(Stage.VALIDATE, "field.not_unicode", "has half a surrogate pair in a text"),
    DeadLetterCode(Stage.VALIDATE, "key.mismatch", "is not keyed by its schema_id"),
    DeadLetterCode(
        Stage.VALIDATE, "migration_id.mismatch", "has a migration_id that differs from its version and hash"
    ),
    DeadLetterCode(Stage.VALIDATE, "change_class.unknown", "has an unknown change_class"),
    DeadLetterCode(Stage.VALIDATE, "number.out_of_range", "has a point in time outside 1970 to 9999"),
    DeadLetterCode(Stage.VALIDATE, "timestamp.in_future", "has a point in time more than a day ahead"),
)
