"""A running stack: its addresses as properties instead of environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunningStack:
    """The addresses of one stack's servers. ``environment`` holds what ``memory-graph stack env`` prints.

    A property raises KeyError when the stack was started without that server.
    """

    name: str
    environment: Mapping[str, str]

    @property
    def kafka(self) -> str:
        """Bootstrap servers."""
        return self.environment["KAFKA_BOOTSTRAP_SERVERS"]

    @property
    def schema_registry(self) -> str:
        """Base URL of the Confluent-compatible API."""
        return self.environment["SCHEMA_REGISTRY_URL"]

    @property
    def neo4j_uri(self) -> str:
        """Bolt address."""
        return self.environment["NEO4J_URI"]

    @property
    def neo4j_auth(self) -> tuple[str, str]:
        """User and password."""
        return self.environment["NEO4J_USERNAME"], self.environment["NEO4J_PASSWORD"]

    @property
    def neo4j_database(self) -> str:
        """Name of the database."""
        return self.environment["NEO4J_DATABASE"]

    @property
    def registry_database(self) -> str:
        """URL of the model registry's PostgreSQL database, with user and password."""
        return self.environment["REGISTRY_DATABASE_URL"]

    @property
    def kafka_connect(self) -> str:
        """Base URL of Kafka Connect's REST interface."""
        return self.environment["KAFKA_CONNECT_URL"]

    @property
    def prometheus(self) -> str:
        """Base URL of Prometheus."""
        return self.environment["PROMETHEUS_URL"]

    @property
    def vault(self) -> tuple[str, str]:
        """Address and token."""
        return self.environment["VAULT_ADDR"], self.environment["VAULT_TOKEN"]
