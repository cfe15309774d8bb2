"""The one reader of the environment: ``kafka.bootstrap_servers`` comes from ``KAFKA_BOOTSTRAP_SERVERS``."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from workers.config.settings_faults import joined
from workers.config.variables import is_secret, variable_of
from workers.core.errors import Misconfigured
from workers.core.one_line import one_line


class Environment(PydanticBaseSettingsSource):
    """Collects the environment variables of all settings; an empty variable counts as not set.

    Raises ``Misconfigured`` with every secret that comes from two places, or from a file that cannot be read.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._value_of(field, (field_name,)), field_name, False

    def __call__(self) -> dict[str, Any]:
        self.faults: list[str] = []
        values = self._values_of(self.settings_cls, ())
        if self.faults:
            raise Misconfigured(joined(self.faults))
        return values

    def _values_of(self, model: type[BaseModel], path: tuple[str, ...]) -> dict[str, Any]:
        values = {name: self._value_of(field, (*path, name)) for name, field in model.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _value_of(self, field: FieldInfo, path: tuple[str, ...]) -> Any:
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            return self._values_of(field.annotation, path)
        name = variable_of(path)
        value = self._text(name)
        file = self._text(f"{name}_FILE") if is_secret(field) else None
        if not file:
            return value
        if value is not None:
            self.faults.append(f"both {name} and {name}_FILE are set; unset one of them")
            return None
        try:
            return read_secret(name, Path(file))
        except Misconfigured as fault:
            self.faults.append(str(fault))
            return None

    def _text(self, name: str) -> str | None:
        value = os.environ.get(name) or None
        try:
            (value or "").encode()
        except UnicodeEncodeError:
            self.faults.append(f"{name} is not UTF-8 text; write it in UTF-8")
            return None
        return value


def current_secret(name: str, at_start: SecretStr) -> str:
    """Return the secret as its file has it now; without a file, or while it cannot be read, as it was ``at_start``."""
    file = os.environ.get(f"{name}_FILE")
    with suppress(Misconfigured):
        return read_secret(name, Path(file)) if file else at_start.get_secret_value()
    return at_start.get_secret_value()


def read_secret(name: str, file: Path) -> str:
    """Read a secret from a file, without the newline at its end. Raises ``Misconfigured``."""
    try:
        secret = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Misconfigured(
            f"{name}_FILE={one_line(file)} cannot be read ({reason}); name a file that this user may read"
        ) from None
    if not secret:
        raise Misconfigured(f"{name}_FILE={one_line(file)} is empty; write the secret into it, or unset {name}_FILE")
    return secret
