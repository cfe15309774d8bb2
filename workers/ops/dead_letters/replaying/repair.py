"""Repair decoded values on their way back, and encode them under the worker's own schema.

A patch is a JSON merge patch (RFC 7396), or a JMESPath expression (https://jmespath.org) that makes one of the value.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import jmespath
from jmespath.parser import ParsedResult

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.wire import VALUE_SCHEMA_ID
from workers.core.errors import Dropped, Misconfigured, Rejected, Retryable, Unreachable
from workers.core.record import Decoded
from workers.core.stage import Stage
from workers.ops.dead_letters.letter import Letter

Patch: TypeAlias = Mapping[str, Any] | ParsedResult
EXPRESSION_SUFFIX = ".jmespath"


class Repaired(NamedTuple):
    """A letter after the patches, or why they could not be applied. ``changes`` has old and new values by field."""

    letter: Letter
    fault: Rejected | None = None
    changes: Mapping[str, tuple[Any, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """Patches, applied one after the other. A value is decoded and encoded with the code of the worker."""

    patches: Sequence[Patch]
    decoder: AvroCodec
    encoder: AvroEncoder

    async def repaired(self, letters: Sequence[Letter]) -> list[Repaired]:
        """Return each letter with its repaired value. Raises ``Unreachable``."""
        try:
            await self.decoder.prepare([letter.record for letter in letters])
            return [await self._repaired(letter) for letter in letters]
        except Retryable as error:
            raise Unreachable(f"the schema registry is needed for a repair: {error}") from error

    async def _repaired(self, letter: Letter) -> Repaired:
        try:
            decoded = self._decoded(letter)
        except Rejected as fault:
            return Repaired(letter, fault)
        except Dropped:
            return Repaired(letter)
        topic = letter.origin.topic if letter.origin else letter.record.topic
        try:
            fields = patched(decoded.fields, self.patches)
            value = await self.encoder.encode(topic, decoded.record_name, fields)
        except (ValueError, TypeError, KeyError) as error:
            return Repaired(letter, _does_not_fit(decoded, error))
        # The new value begins with the id of its schema; a header would still name the former one.
        headers = [each for each in letter.record.headers if each[0] != VALUE_SCHEMA_ID]
        repaired = letter._replace(record=letter.record._replace(value=value, headers=headers))
        return Repaired(repaired, None, changes(decoded.fields, fields))

    def _decoded(self, letter: Letter) -> Decoded:
        """Decode as the worker does; what it rejects, such as an unknown enum symbol, in the shape of its writer.

        Fields that the worker's schema does not have are left out then, as the worker leaves them out.
        """
        try:
            return self.decoder.decode(letter.record)
        except Rejected as fault:
            written = self.decoder.decode_as_written(letter.record)
            try:
                ours = self.encoder.field_names(written.record_name)
            except KeyError:
                raise fault from None
            fields = {name: value for name, value in written.fields.items() if name in ours}
            return written._replace(fields=fields)


def _does_not_fit(decoded: Decoded, error: Exception) -> Rejected:
    message = f"the repaired value does not fit {decoded.record_name}: {error}"
    return Rejected(Stage.VALIDATE, "repair.does_not_fit", message)


def merged(value: Any, patch: Any) -> Any:
    """Return a value with a JSON merge patch applied: ``null`` removes a field, which then has its default.

    https://www.rfc-editor.org/rfc/rfc7396
    """
    if not isinstance(patch, Mapping):
        return patch
    result = dict(value) if isinstance(value, Mapping) else {}
    for name, change in patch.items():
        if change is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), change)
    return result


def patched(fields: Mapping[str, Any], patches: Sequence[Patch]) -> Any:
    """Return the fields with all patches applied, in order. Raises ``ValueError`` or ``TypeError`` for no patch."""
    for patch in patches:
        fields = merged(fields, _made_by(patch, fields) if isinstance(patch, ParsedResult) else patch)
    return fields


def _made_by(expression: ParsedResult, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    patch = expression.search(fields)  # its errors are ValueErrors
    if not isinstance(patch, dict):
        kind = type(patch).__name__
        raise TypeError(f"the expression makes a {kind} of it: it must make an object of the fields to change")
    return patch


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the old and the new value of each field that differs."""
    names = dict.fromkeys([*before, *after])
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def fix(text: str) -> Mapping[str, Any]:
    """Read ``FIELD=VALUE`` as a patch; ``outer.inner=1`` for a nested field.

    The value is JSON, or else a text. Raises ``Misconfigured``.
    """
    path, is_there, value = text.partition("=")
    if not is_there or not all(names := path.strip().split(".")):
        raise Misconfigured(f"--fix is {text!r}: write FIELD=VALUE, such as provider=openai or metadata.retries=0")
    try:
        patch: Any = json.loads(value)
    except ValueError:
        patch = value
    for name in reversed(names):
        patch = {name: patch}
    return dict(patch)


def expression(text: str) -> Patch:
    """Read a JMESPath expression that makes a merge patch of a value. Raises ``ValueError``."""
    return jmespath.compile(text)


def patch_file(path: Path) -> Patch:
    """Read a patch from a file: a JMESPath expression of ``*.jmespath``, otherwise a JSON merge patch.

    Raises ``Misconfigured``.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == EXPRESSION_SUFFIX:
            return expression(text)
        patch = json.loads(text)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"--patch {path}: {error}") from None
    if not isinstance(patch, dict):
        raise Misconfigured(f"--patch {path}: it must be a JSON object of fields to change")
    return patch
