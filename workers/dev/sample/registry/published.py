"""A version of a JSON Schema from its publisher's file."""

from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from workers.core.errors import Misconfigured
from workers.dev.sample.registry.change import Change, Kind


class Published(BaseModel):
    """The file's contents, with the names of the table's columns."""

    model_config = ConfigDict(extra="forbid", strict=True)

    schema_id: str
    version: str
    json_schema: dict[str, Any] | bool
    compatible_models: list[str] = []


def published(file: Path) -> Change:
    """Read a file ``{"schema_id", "version", "json_schema", "compatible_models"}``. Raises ``Misconfigured``."""
    try:
        schema = Published.model_validate(orjson.loads(file.read_bytes()))
    except OSError as error:
        raise Misconfigured(f"--schema {file} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise Misconfigured(f"--schema {file}: {where}: {first['msg']}.") from None
    except orjson.JSONDecodeError as error:
        raise Misconfigured(f"--schema {file} is no JSON: {error}.") from None
    return Change(Kind.SCHEMA, schema.model_dump())
