"""Repair decoded values on their way back: JSON merge patches (RFC 7396), encoded under the worker's own schema."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.encoder import AvroEncoder
from workers.core.errors import Dropped, Misconfigured, Rejected, Retryable, Unreachable
from workers.core.record import Decoded
from workers.core.stage import Stage
from workers.ops.dead_letters.letter import Letter

Patch = Mapping[str, Any]


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
            decoded = self.decoder.decode(letter.record)
        except Rejected as fault:
            return Repaired(letter, fault)
        except Dropped:
            return Repaired(letter)
        fields: Any = decoded.fields
        for patch in self.patches:
            fields = merged(fields, patch)
        topic = letter.origin.topic if letter.origin else letter.record.topic
        try:
            value = await self.encoder.encode(topic, decoded.record_name, fields)
        except (ValueError, TypeError, KeyError) as error:
            return Repaired(letter, _does_not_fit(decoded, error))
        repaired = letter._replace(record=letter.record._replace(value=value))
        return Repaired(repaired, None, changes(decoded.fields, fields))


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


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the old and the new value of each field that differs."""
    names = dict.fromkeys([*before, *after])
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def fix(text: str) -> Patch:
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


def patch_file(path: Path) -> Patch:
    """Read a JSON merge patch from a file. Raises ``Misconfigured``."""
    try:
        patch = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"--patch {path}: {error}") from None
    if not isinstance(patch, dict):
        raise Misconfigured(f"--patch {path}: it must be a JSON object of fields to change")
    return patch
