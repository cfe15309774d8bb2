"""JSON Schemas that the registry publishes: whether one is one, and the hash by which it is known."""

from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]  # likewise
from jsonschema.validators import validator_for  # type: ignore[import-untyped]  # likewise

from workers.core.checks import quoted, reject
from workers.core.fingerprint import canonical_hash
from workers.pipelines.registry.columns import document
from workers.pipelines.registry.model import Text


def json_schema(text: str) -> Text:
    """Check that the text is a JSON Schema of the draft that it names, else of 2020-12; nothing is fetched.

    Its digest is the SHA-256 of its canonical form: keys sorted, no blanks. Raises ``Rejected``.
    """
    schema = document("json_schema", text)
    try:
        draft = validator_for(schema, default=Draft202012Validator)
        draft.check_schema(schema, format_checker=draft.FORMAT_CHECKER)
        digest = canonical_hash(schema)
    except SchemaError as error:
        where = ".".join(str(part) for part in error.absolute_path) or "the schema itself"
        reject("json_schema.invalid", f"json_schema is no JSON Schema: {where} is {_reason(error)}; mend it there")
    except (RecursionError, TypeError, ValueError) as error:
        reject("json_schema.invalid", f"json_schema is no JSON Schema that can be read ({error}): simplify it")
    return Text(text, digest)


def _reason(error: Any) -> str:
    return f"{quoted(error.instance)}, which breaks {error.validator} {quoted(error.validator_value)}"
