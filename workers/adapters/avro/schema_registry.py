"""The schema registry's client: Confluent's own, with our timeouts and our classes of errors."""

import json
from collections.abc import Awaitable, Sequence
from typing import NamedTuple, TypeVar

from confluent_kafka.schema_registry import AsyncSchemaRegistryClient, RegisteredSchema, SchemaReference
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry.error import SchemaRegistryError

from workers.adapters.avro.schemas import Schema
from workers.adapters.avro.wire import MAX_SCHEMA_ID
from workers.core.errors import Misconfigured, Retryable

TIMEOUT_SECONDS = 5.0
SCHEMA_NOT_FOUND = 40403
"""The registry's own code. A bare 404 comes from something else that answers at a wrong address."""
NOT_REGISTERED = frozenset({40401, 40403})
"""No such subject; no such schema in it."""
REFUSALS = frozenset({409, 422})
NO_CODE = frozenset({None, -1})
"""What the client has in place of the registry's own code when another server answers, such as a web page."""
SERVER_ERRORS = 500
SHOWN_CHARACTERS = 160

ResultT = TypeVar("ResultT")


class WriterDefinition(NamedTuple):
    """What the registry holds under an id.

    ``schema_type``  ``AVRO``, ``JSON`` or ``PROTOBUF``
    ``texts``        the schemas that it refers to by name, in the order they need each other, then itself
    """

    schema_type: str
    texts: Sequence[str]


class SchemaRegistry:
    """A registry with Confluent's API, such as Apicurio's at ``/apis/ccompat/v7``.

    The client's own retries are off: the runtime retries, by one policy for all servers.
    """

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._client = AsyncSchemaRegistryClient({"url": url, "timeout": timeout_seconds, "max.retries": 0})

    async def definition(self, schema_id: int) -> WriterDefinition | None:
        """Fetch the schema of an id, ``None`` for an id never given out. Raises ``Retryable``."""
        if schema_id > MAX_SCHEMA_ID:
            return None
        try:
            schema = await _answer(self._client.get_schema(schema_id))
        except SchemaRegistryError as error:
            if error.error_code == SCHEMA_NOT_FOUND:
                return None
            raise Retryable(f"the schema registry refuses to give schema {schema_id}: {error}") from error
        if schema.schema_type not in {None, "AVRO"}:
            return WriterDefinition(str(schema.schema_type), ())
        return WriterDefinition("AVRO", await self._with_references(schema))

    async def _with_references(self, schema: RegistrySchema) -> list[str]:
        texts: list[str] = []
        for reference in schema.references or ():
            texts += await self._with_references((await self._referred(reference)).schema)
        return [*texts, schema.schema_str or ""]

    async def _referred(self, reference: SchemaReference) -> RegisteredSchema:
        subject, version = reference.subject, reference.version
        try:
            return await _answer(self._client.get_version(str(subject), int(version or 0)))
        except SchemaRegistryError as error:
            raise Retryable(f"the schema registry refuses to give {subject} version {version}: {error}") from error

    async def register(self, subject: str, schema: Schema) -> int:
        """Register the schema under the subject, return its id; the one it has, when it is there already.

        Raises ``Misconfigured`` when the registry refuses it as incompatible or invalid, ``Retryable``.
        """
        try:
            return await _answer(self._client.register_schema(subject, RegistrySchema(json.dumps(schema), "AVRO")))
        except SchemaRegistryError as error:
            message = f"the schema registry refuses the schema for {subject}: {error}"
            if error.http_status_code in REFUSALS:
                raise Misconfigured(f"{message}; give new fields defaults, keep the types of old ones") from error
            raise Retryable(message) from error

    async def registered_id(self, subject: str, schema: Schema) -> int | None:
        """Return the id of the schema under the subject, ``None`` when it is not registered. Raises ``Retryable``."""
        try:
            found = await _answer(self._client.lookup_schema(subject, RegistrySchema(json.dumps(schema), "AVRO")))
        except SchemaRegistryError as error:
            if error.error_code in NOT_REGISTERED:
                return None
            raise Retryable(f"the schema registry refuses to look up {subject}: {error}") from error
        return found.schema_id

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


async def _answer(request: Awaitable[ResultT]) -> ResultT:
    """Await an answer of the registry itself; anything else is ``Retryable``, with one sentence."""
    try:
        return await request
    except SchemaRegistryError as error:
        if error.error_code in NO_CODE and error.http_status_code < SERVER_ERRORS:
            raise _no_registry(error) from error
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # the client got other JSON, or HTML
        raise _no_registry(error) from error
    except Exception as error:  # the client lets its HTTP library's errors through
        raise Retryable(f"the schema registry does not answer ({_brief(error)}): check SCHEMA_REGISTRY_URL") from error


def _no_registry(error: Exception) -> Retryable:
    return Retryable(
        f"SCHEMA_REGISTRY_URL answers, but not as a schema registry does ({_brief(error)}): "
        "set it to a Confluent-compatible API, such as http://127.0.0.1:8081/apis/ccompat/v7"
    )


def _brief(error: Exception) -> str:
    return " ".join(f"{type(error).__name__} {error}".split())[:SHOWN_CHARACTERS]
