"""The codes of the audit worker's dead letters."""

from workers.core.stage import Stage
from workers.core.worker import DeadLetterCode

DEAD_LETTER_CODES = (
    DeadLetterCode(Stage.VALIDATE, "record.unknown", "is no audit event"),
    DeadLetterCode(Stage.VALIDATE, "event_type.unknown", "has an unknown event_type"),
    DeadLetterCode(Stage.VALIDATE, "field.missing", "lacks what its event type must capture"),
    DeadLetterCode(Stage.VALIDATE, "field.too_large", "has a text above the size limit"),
    DeadLetterCode(Stage.VALIDATE, "field.not_unicode", "has half a surrogate pair in a text"),
    DeadLetterCode(Stage.VALIDATE, "number.negative", "has a negative size"),
    DeadLetterCode(Stage.VALIDATE, "number.out_of_range", "has a size above 2^53 - 1"),
    DeadLetterCode(Stage.VALIDATE, "timestamp.too_old", "has a time before 2015"),
    DeadLetterCode(Stage.VALIDATE, "timestamp.in_future", "has a time more than a day ahead"),
    DeadLetterCode(Stage.VALIDATE, "source_ip.invalid", "has a source_ip that is no IP address"),
    DeadLetterCode(Stage.VALIDATE, "classification.unknown", "has an unknown classification"),
    DeadLetterCode(Stage.VALIDATE, "content_kind.unknown", "has a content_kind that is neither prompt nor completion"),
    DeadLetterCode(Stage.VALIDATE, "access_granted.contradicts", "is a denial that says that access was granted"),
    DeadLetterCode(Stage.VALIDATE, "key.mismatch", "is not keyed by its content_id, or its user_id"),
    DeadLetterCode(Stage.ENRICH, "audit_id.reused", "has the audit_id of an event of another type"),
)
