"""Settings of one process, from the environment. Options of the workers are in ``topology.yaml``."""

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from workers.config.contradictions import require_both, require_key, require_tls
from workers.config.environment import Environment
from workers.config.settings_faults import joined, sentence_of
from workers.config.tls.context import TlsVersion
from workers.core.errors import Misconfigured
from workers.core.one_line import one_line


class SecurityProtocol(StrEnum):
    """Kafka's names for how a client connects."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class SaslMechanism(StrEnum):
    """The SASL mechanisms that every Kafka client here speaks."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class LogLevel(StrEnum):
    """The levels of Python's ``logging``."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class LogFormat(StrEnum):
    """JSON lines for programs, coloured lines for people."""

    JSON = "json"
    CONSOLE = "console"


class OtlpProtocol(StrEnum):
    """How spans travel to a collector, as OpenTelemetry names it."""

    GRPC = "grpc"
    HTTP = "http/protobuf"


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _http_url(value: str) -> str:
    AnyHttpUrl(value)
    return value.rstrip("/")


def _with_valid_port(uri: str) -> str:
    urlsplit(uri).port  # noqa: B018 - reading it checks it; the driver would take any number modulo 65536
    return uri


def _log_format_of_stderr() -> LogFormat:
    return LogFormat.CONSOLE if sys.stderr.isatty() else LogFormat.JSON


HttpUrl = Annotated[str, AfterValidator(_http_url)]
NO_SECRET = SecretStr("")
GRPC_PORT = 4317
"""Where a collector listens for OTLP over gRPC, if nobody has changed it."""
BOLT = r"^(bolt|neo4j)(\+s|\+ssc)?://[^\s/@?#]+/?$"
VISIBLE = re.compile(r"[!-~]*")
"""Printable ASCII: the characters that an HTTP header may contain."""


class Group(BaseModel):
    """Settings whose variables share their first word."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TlsGroup(Group):
    """Settings of a server that may be reached over TLS. All groups read the same variable."""

    tls_min_version: TlsVersion = Field(
        default=TlsVersion.TLS_1_3, description="1.3, or 1.2 where a server does not speak TLS 1.3"
    )


def _authority(signed: str) -> Any:
    return Field(default=None, description=f"a PEM file of the authority that signed {signed}; not set, the system's")


class KafkaSettings(TlsGroup):
    """How to reach the brokers; an empty ``username`` or ``password`` means none."""

    bootstrap_servers: str = Field(
        default="127.0.0.1:9092",
        pattern=r"^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$",
        description="host:port of one broker or more, with commas between them",
    )
    security_protocol: Annotated[SecurityProtocol, BeforeValidator(_upper)] = Field(
        default=SecurityProtocol.PLAINTEXT, description="one of " + ", ".join(SecurityProtocol)
    )
    sasl_mechanism: Annotated[SaslMechanism, BeforeValidator(_upper)] = Field(
        default=SaslMechanism.PLAIN, description="one of " + ", ".join(SaslMechanism)
    )
    username: str = Field(default="", description="the user name for SASL")
    password: SecretStr = Field(default=NO_SECRET, description="the password for SASL")
    ssl_cafile: FilePath | None = _authority("the brokers")
    ssl_certfile: FilePath | None = Field(
        default=None, description="a PEM file of this client's certificate, for brokers that ask for one (mTLS)"
    )
    ssl_keyfile: FilePath | None = Field(default=None, description="a PEM file of the certificate's private key")
    ssl_key_password: SecretStr = Field(default=NO_SECRET, description="the password of the private key, if it has one")

    @property
    def uses_tls(self) -> bool:
        """Tell whether the connection is encrypted."""
        return self.security_protocol in {SecurityProtocol.SSL, SecurityProtocol.SASL_SSL}

    @property
    def uses_sasl(self) -> bool:
        """Tell whether the client must log in."""
        return self.security_protocol in {SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL}

    @model_validator(mode="after")
    def _sasl_needs_credentials(self) -> Self:
        missing = [
            variable
            for variable, value in (("KAFKA_USERNAME", self.username), ("KAFKA_PASSWORD", self.password))
            if not (value if isinstance(value, str) else value.get_secret_value())
        ]
        if self.uses_sasl and missing:
            raise ValueError(
                f"KAFKA_SECURITY_PROTOCOL={self.security_protocol} logs in, but {' and '.join(missing)} "
                f"{'is not set; set it' if len(missing) == 1 else 'are not set; set them'}, or use PLAINTEXT or SSL"
            )
        return self

    @model_validator(mode="after")
    def _files_fit(self) -> Self:
        certificate, key = ("KAFKA_SSL_CERTFILE", self.ssl_certfile), ("KAFKA_SSL_KEYFILE", self.ssl_keyfile)
        require_both(certificate, key)
        require_key("KAFKA_SSL_KEY", self.ssl_key_password, self.ssl_keyfile)
        for variable, file in (("KAFKA_SSL_CAFILE", self.ssl_cafile), certificate):
            address = f"KAFKA_SECURITY_PROTOCOL={self.security_protocol}"
            require_tls(variable, file, self.uses_tls, address, "set it to SSL or SASL_SSL")
        return self


class SchemaRegistrySettings(TlsGroup):
    """How to reach the schema registry; an empty ``username`` means that it asks for none."""

    url: HttpUrl = Field(
        default="http://127.0.0.1:8081",
        pattern=r"^[^@]*$",
        description="http(s)://host:port/path of a Confluent-compatible registry; "
        "the user and the password are in SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD",
    )
    username: str = Field(default="", pattern="^[^:]*$", description="the user name; not set, it asks for no login")
    password: SecretStr = Field(default=NO_SECRET, description="the password")
    cafile: FilePath | None = _authority("the schema registry")

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        require_both(("SCHEMA_REGISTRY_USERNAME", self.username), ("SCHEMA_REGISTRY_PASSWORD", self.password))
        _require_https("SCHEMA_REGISTRY_CAFILE", self.cafile, "SCHEMA_REGISTRY_URL", self.url)
        return self


class GraphSettings(TlsGroup):
    """How to reach a graph. ``VARIABLES`` is how the names of its variables begin."""

    VARIABLES: ClassVar[str]

    uri: Annotated[str, AfterValidator(_with_valid_port)] = Field(
        default="bolt://127.0.0.1:7687",
        pattern=BOLT,
        description="bolt://host:port or neo4j://host:port, with +s after the scheme for TLS; "
        "the user and the password are in NEO4J_USERNAME and NEO4J_PASSWORD",
    )
    username: str = Field(default="neo4j", description="the user name")
    password: SecretStr = Field(default=NO_SECRET, description="the password")
    database: str = Field(default="neo4j", description="the name of the database")
    cafile: FilePath | None = _authority("Neo4j")

    @property
    def encryption(self) -> str:
        """Return what follows the scheme: ``s`` for TLS, ``ssc`` for TLS without a check, nothing for neither."""
        return self.uri.partition("://")[0].partition("+")[2]

    @model_validator(mode="after")
    def _file_fits(self) -> Self:
        fix, address = "write bolt+s:// or neo4j+s://", f"{self.VARIABLES}_URI={self.uri}"
        require_tls(f"{self.VARIABLES}_CAFILE", self.cafile, self.encryption == "s", address, fix)
        return self


class Neo4jSettings(GraphSettings):
    """How to reach the live graph."""

    VARIABLES = "NEO4J"

    home: Path | None = Field(
        default=None,
        description="the home folder of a Neo4j on this machine, for `graph backup` and `graph restore`; not set, they "
        "take the neo4j-admin on the PATH",
    )


class NewNeo4jSettings(GraphSettings):
    """How to reach the graph that ``graph rebuild`` fills; without an address there is none."""

    VARIABLES = "NEW_NEO4J"

    uri: Annotated[str, AfterValidator(_with_valid_port)] = Field(
        default="",
        pattern=BOLT,
        description="the address of the empty Neo4j that `graph rebuild` fills, written as NEO4J_URI",
    )


def _printable(token: SecretStr) -> SecretStr:
    if not VISIBLE.fullmatch(token.get_secret_value()):
        raise ValueError("contains characters that an HTTP header cannot contain")
    return token


def _require_https(variable: str, file: Path | None, address: str, url: str | None) -> None:
    require_tls(variable, file, (url or "").startswith("https:"), f"{address}={url or ''}", "write https://")


class RegistryApiSettings(TlsGroup):
    """How to reach the HTTP API of the model registry; without a URL there is none."""

    url: HttpUrl | None = Field(
        default=None,
        pattern=r"^[^@?#]*$",
        description="http(s)://host:port/path of the registry's API, without user, password or query",
    )
    token: Annotated[SecretStr, AfterValidator(_printable)] = Field(
        default=NO_SECRET, description="a token of the registry's API, of letters, digits and punctuation alone"
    )
    cafile: FilePath | None = _authority("the registry's API")

    @model_validator(mode="after")
    def _file_fits(self) -> Self:
        _require_https("REGISTRY_API_CAFILE", self.cafile, "REGISTRY_API_URL", self.url)
        return self


class VaultSettings(TlsGroup):
    """How to reach the key service; without an address there is none."""

    addr: HttpUrl | None = Field(
        default=None,
        pattern=r"^[^@?#]*$",
        description="http(s)://host:port of the vault, without user, password or query",
    )
    token: SecretStr = Field(default=NO_SECRET, description="a token of the vault")
    role_id: str = Field(default="", description="the role_id of an AppRole, to log in without a token")
    secret_id: SecretStr = Field(default=NO_SECRET, description="the secret_id of the AppRole, if it has one")
    kubernetes_role: str = Field(
        default="", description="the role that the pod's service account logs in to, without a token"
    )
    auth_mount: str = Field(default="", description="the path of the login, where it is not approle or kubernetes")
    cacert: FilePath | None = _authority("the vault")

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        logins = {
            "VAULT_TOKEN": self.token.get_secret_value(),
            "VAULT_ROLE_ID": self.role_id,
            "VAULT_KUBERNETES_ROLE": self.kubernetes_role,
        }
        if len(names := [name for name, value in logins.items() if value]) > 1:
            raise ValueError(f"{' and '.join(names)} are set; a vault takes one login: unset all but one")
        return self

    @model_validator(mode="after")
    def _file_fits(self) -> Self:
        _require_https("VAULT_CACERT", self.cacert, "VAULT_ADDR", self.addr)
        return self


class KafkaConnectSettings(TlsGroup):
    """How to reach the Kafka Connect that runs Debezium; without a URL it is not asked."""

    url: HttpUrl | None = Field(default=None, description="http(s)://host:port of the Kafka Connect that runs Debezium")
    cafile: FilePath | None = _authority("Kafka Connect")

    @model_validator(mode="after")
    def _file_fits(self) -> Self:
        _require_https("KAFKA_CONNECT_CAFILE", self.cafile, "KAFKA_CONNECT_URL", self.url)
        return self


class RegistryDatabaseSettings(TlsGroup):
    """How to reach the registry's PostgreSQL; without a URL it is not asked."""

    url: SecretStr = Field(
        default=NO_SECRET,
        description="postgresql://user:password@host/database of the registry, of a user who may read "
        "pg_replication_slots and insert into debezium_signals; ?sslmode=verify-full for TLS",
    )
    cafile: FilePath | None = _authority("the registry's database")

    @property
    def is_set(self) -> bool:
        """Tell whether there is a database to ask."""
        return bool(self.url.get_secret_value())


class OtelSettings(Group):
    """Where spans are exported to; without an endpoint there are no spans."""

    endpoint: HttpUrl | None = Field(default=None, description="http(s)://host:port of an OTLP collector")
    protocol: Annotated[OtlpProtocol, BeforeValidator(_lower)] | None = Field(
        default=None,
        description="one of " + ", ".join(OtlpProtocol) + "; not set, port 4317 of the endpoint means grpc, "
        "any other http/protobuf",
    )
    traces_protocol: Annotated[OtlpProtocol, BeforeValidator(_lower)] | None = Field(
        default=None, description="one of " + ", ".join(OtlpProtocol) + "; it goes before OTEL_EXPORTER_OTLP_PROTOCOL"
    )
    service_name: str = Field(default="memory-graph", description="the name of the service in traces")

    @property
    def spoken_protocol(self) -> OtlpProtocol:
        """Return the protocol for spans: as set, otherwise as the endpoint's port says."""
        port = urlsplit(self.endpoint or "").port
        return self.traces_protocol or self.protocol or (OtlpProtocol.GRPC if port == GRPC_PORT else OtlpProtocol.HTTP)


class LogSettings(Group):
    """Level and format of the logs."""

    level: Annotated[LogLevel, BeforeValidator(_upper)] = Field(
        default=LogLevel.INFO, description="one of " + ", ".join(LogLevel)
    )
    format: Annotated[LogFormat, BeforeValidator(_lower)] = Field(
        default_factory=_log_format_of_stderr, description="one of " + ", ".join(LogFormat)
    )


class Settings(BaseSettings):
    """All settings of a process. Secrets are ``SecretStr``, so that no repr shows them."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kafka: KafkaSettings = KafkaSettings()
    schema_registry: SchemaRegistrySettings = SchemaRegistrySettings()
    kafka_connect: KafkaConnectSettings = KafkaConnectSettings()
    registry_database: RegistryDatabaseSettings = RegistryDatabaseSettings()
    neo4j: Neo4jSettings = Neo4jSettings()
    new_neo4j: NewNeo4jSettings = NewNeo4jSettings()
    registry_api: RegistryApiSettings = RegistryApiSettings()
    vault: VaultSettings = VaultSettings()
    otel: OtelSettings = OtelSettings()
    log: LogSettings = Field(default_factory=LogSettings)
    metrics_port: int = Field(
        default=9464, ge=0, le=65535, description="a port 1-65535 to serve /metrics at, 0 for any"
    )
    metrics_fd: int | None = Field(
        default=None,
        ge=3,
        description="the number of an open listening socket, used instead of METRICS_PORT; `fleet` sets it",
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="the address to serve /metrics at; 0.0.0.0 in a pod, for its probes"
    )
    metrics_targets: Path | None = Field(
        default=None,
        description="a folder for file_sd_configs of a Prometheus on this machine; a worker is in it while it runs",
    )
    topology_path: Path = Field(default=Path("topology.yaml"), description="the path of topology.yaml")

    @classmethod
    def from_environment(cls, **given: Any) -> Self:
        """Read the environment; what is ``given``, such as by an option, goes before it.

        Raises ``Misconfigured`` with every fault: variable, value (no secrets) and fix.
        """
        try:
            return cls(**given)
        except ValidationError as error:
            sentences = [sentence_of(cls, fault) for fault in error.errors(include_url=False)]
            raise Misconfigured(joined(list(dict.fromkeys(sentences)))) from None  # several groups read TLS_MIN_VERSION
        except OSError as error:  # of a path that no file can have, such as a very long one
            reason = f"cannot be read ({error.strerror})"
            raise Misconfigured(f"{one_line(error.filename)} {reason}; name a file in its variable") from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class passes it by this name
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - same reason as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - same reason as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use the arguments of the caller, then the environment, and nothing else."""
        return init_settings, Environment(settings_cls)
