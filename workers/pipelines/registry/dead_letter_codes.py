"""The codes of the registry worker's dead letters."""

from workers.core.stage import Stage
from workers.core.worker import DeadLetterCode

DEAD_LETTER_CODES = (
    DeadLetterCode(Stage.VALIDATE, "table.unknown", "is a change of a table that the worker does not read"),
    DeadLetterCode(Stage.VALIDATE, "operation.unknown", "has an unknown op"),
    DeadLetterCode(Stage.VALIDATE, "record.unknown", "is no change event"),
    DeadLetterCode(Stage.VALIDATE, "key.missing", "has no key"),
    DeadLetterCode(Stage.VALIDATE, "key.mismatch", "is not keyed by the id of its model or schema"),
    DeadLetterCode(Stage.VALIDATE, "field.missing", "lacks a field or a column of the primary key"),
    DeadLetterCode(Stage.VALIDATE, "column.unsent", "has a new key, and lacks a large column that has not changed"),
    DeadLetterCode(Stage.VALIDATE, "field.type", "has a column of another type"),
    DeadLetterCode(Stage.VALIDATE, "field.too_large", "has a text above the size limit"),
    DeadLetterCode(Stage.VALIDATE, "field.not_unicode", "has half a surrogate pair in a text"),
    DeadLetterCode(Stage.VALIDATE, "date.invalid", "has a date outside the years 1 to 9999"),
    DeadLetterCode(Stage.VALIDATE, "timestamp.invalid", "has a point in time that cannot be read"),
    DeadLetterCode(Stage.VALIDATE, "json.invalid", "has a column that is no JSON"),
    DeadLetterCode(Stage.VALIDATE, "json_schema.invalid", "has a json_schema that is no JSON Schema"),
    DeadLetterCode(Stage.VALIDATE, "capability.enum", "has a capability that accept.capabilities does not allow"),
    DeadLetterCode(Stage.VALIDATE, "cost_per_1k_tokens.digits", "has a price with more than 30 digits"),
    DeadLetterCode(Stage.VALIDATE, "price_tiers.repeated", "has two tiers of a price from one number of tokens on"),
    DeadLetterCode(
        Stage.VALIDATE, "<column>.<rule>", "breaks a rule of the JSON Schema for models, such as provider.enum"
    ),
    DeadLetterCode(Stage.ENRICH, "version.too_many", "is one version too many of its model"),
    DeadLetterCode(Stage.ENRICH, "schema.too_many", "is one version too many of its schema"),
    DeadLetterCode(Stage.ENRICH, "capability.too_many", "is one capability too many of its model"),
)
