"""The schema registry's client: Confluent's own, with our timeouts, errors and checks of the answers."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple, TypeVar
from uuid import UUID

from confluent_kafka.schema_registry import RegisteredSchema
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry.error import SchemaRegistryError

from workers.adapters.avro.registry_client import OTHER_SHAPE, Answers, open_client
from workers.adapters.avro.schemas import Schema
from workers.adapters.avro.wire import MAX_SCHEMA_ID, SchemaName
from workers.config.settings import SchemaRegistrySettings
from workers.core.errors import MemoryGraphError, Misconfigured, Retryable

TIMEOUT_SECONDS = 5.0
SCHEMA_NOT_FOUND = 40403
"""The registry's own code. A 404 without it comes from another server at a wrong address."""
NOT_REGISTERED = frozenset({40401, 40402, 40403})
"""There is no such subject; the subject has no such version; the subject has no such schema."""
NEVER_GIVEN_OUT = MAX_SCHEMA_ID
MAX_REFERENCES = 100
"""Of one schema, those of its references included."""
REFUSALS = frozenset({409, 422})

ResultT = TypeVar("ResultT")


class WriterDefinition(NamedTuple):
    """The schema of an id.

    ``schema_type``  ``AVRO``, ``JSON`` or ``PROTOBUF``
    ``texts``        the schemas that it refers to, each after those it needs, and last the schema itself
    ``missing``      what it refers to and the registry does not have
    ``refused``      why it is not read, as the end of a sentence
    """

    schema_type: str
    texts: Sequence[str]
    missing: str | None = None
    refused: str | None = None


class ReferenceMissing(MemoryGraphError):
    """A schema refers to one that the registry does not have: no wait can help."""


class TooManyReferences(MemoryGraphError):
    """A schema refers to more than ``MAX_REFERENCES``: no wait can help."""


class SchemaRegistry:
    """A registry with Confluent's API, such as Apicurio's at ``/apis/ccompat/v7``.

    The client's own retries are off: the engine retries, with one policy for all servers.
    ``Retryable`` is also raised when another server answers at this address: that is fixed by changing the URL,
    and no record may be dead-lettered for it.
    """

    def __init__(self, settings: SchemaRegistrySettings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._answers = Answers(settings)
        self._client = open_client(settings, timeout_seconds)

    async def definition(self, schema: SchemaName) -> WriterDefinition | None:
        """Fetch the schema of an id or GUID; ``None`` for one that does not exist. Raises ``Retryable``."""
        found = await (self._with_guid(schema) if isinstance(schema, UUID) else self._with_id(schema))
        return None if found is None else await self._defined(found)

    async def _with_id(self, schema_id: int) -> RegistrySchema | None:
        if schema_id > MAX_SCHEMA_ID:
            return None
        try:
            return await self._answers.of(self._client.get_schema(schema_id))
        except SchemaRegistryError as error:
            if error.error_code == SCHEMA_NOT_FOUND:
                return None
            raise Retryable(f"the schema registry does not return schema {schema_id}: {_one_line(error)}") from error

    async def _with_guid(self, guid: UUID) -> RegistrySchema | None:
        """Return the schema; ``None`` also from a registry without GUIDs, once an id has shown that it is one."""
        try:
            return await self._answers.of(self._client.get_schema_by_guid(str(guid)))
        except SchemaRegistryError as error:
            if error.http_status_code != HTTPStatus.NOT_FOUND:
                raise Retryable(f"the schema registry does not return schema {guid}: {_one_line(error)}") from error
        except Retryable as reason:
            answer = reason.__cause__
            if not (isinstance(answer, SchemaRegistryError) and answer.http_status_code == HTTPStatus.NOT_FOUND):
                raise
        await self._with_id(NEVER_GIVEN_OUT)
        return None

    async def _defined(self, schema: RegistrySchema) -> WriterDefinition:
        schema_type = await self._expect(schema.schema_type or "AVRO", str)
        if schema_type != "AVRO":
            return WriterDefinition(schema_type, ())
        try:
            return WriterDefinition(schema_type, await self._with_references(schema, set()))
        except ReferenceMissing as missing:
            return WriterDefinition(schema_type, (), str(missing))
        except TooManyReferences as refused:
            return WriterDefinition(schema_type, (), refused=str(refused))

    async def _with_references(self, schema: RegistrySchema, known: set[tuple[str, int]]) -> list[str]:
        """Return the texts. What several schemas refer to is there once, what refers to itself, too."""
        texts: list[str] = []
        for reference in schema.references or ():
            name = await self._expect(reference.subject, str), await self._expect(reference.version, int)
            if name in known:
                continue
            if len(known) == MAX_REFERENCES:
                raise TooManyReferences(f"has more than {MAX_REFERENCES} references: send records of a smaller one")
            known.add(name)
            texts += await self._with_references((await self._referred(*name)).schema, known)
        return [*texts, await self._expect(schema.schema_str, str)]

    async def _referred(self, subject: str, version: int) -> RegisteredSchema:
        try:
            return await self._answers.of(self._client.get_version(subject, version))
        except SchemaRegistryError as error:
            if error.error_code in NOT_REGISTERED:
                raise ReferenceMissing(f"{subject} version {version}") from error
            message = f"the schema registry does not return {subject} version {version}: {_one_line(error)}"
            raise Retryable(message) from error

    async def register(self, subject: str, schema: Schema) -> int:
        """Register the schema under the subject; return its id, also when it is registered already.

        Raises ``Misconfigured`` when the registry refuses it as incompatible or invalid, ``Retryable``.
        """
        request = self._client.register_schema(subject, RegistrySchema(json.dumps(schema), "AVRO"))
        try:
            return await self._expect(await self._answers.of(request), int)
        except SchemaRegistryError as error:
            message = f"the schema registry refuses the schema for {subject}: {_one_line(error)}"
            if error.http_status_code in REFUSALS:
                raise Misconfigured(f"{message}; give new fields defaults, keep the types of old ones") from error
            raise Retryable(message) from error

    async def registered_id(self, subject: str, schema: Schema) -> int | None:
        """Return the id of the schema under the subject; ``None`` when it is not registered. Raises ``Retryable``."""
        try:
            found = await self._answers.of(
                self._client.lookup_schema(subject, RegistrySchema(json.dumps(schema), "AVRO"))
            )
        except SchemaRegistryError as error:
            if error.error_code in NOT_REGISTERED:
                return None
            raise Retryable(f"the schema registry does not look up {subject}: {_one_line(error)}") from error
        return await self._expect(found.schema_id, int)

    async def _expect(self, value: object, kind: type[ResultT]) -> ResultT:
        """Return a part of an answer if it is of this type and not empty. Raises ``Retryable``."""
        if isinstance(value, kind) and value != "":
            return value
        # The client has stored the answer, and would return it again.
        await self._client.clear_caches()  # type: ignore[no-untyped-call]  # the client leaves it untyped
        raise self._answers.no_registry(OTHER_SHAPE)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
