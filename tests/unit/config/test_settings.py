from pathlib import Path

import pytest
from pydantic import SecretStr

from workers.config.settings import (
    KafkaSettings,
    LogFormat,
    LogLevel,
    OtelSettings,
    OtlpProtocol,
    SaslMechanism,
    SecurityProtocol,
    Settings,
)
from workers.config.variables import variable_of
from workers.core.errors import Misconfigured

VARIABLES = {
    "KAFKA_BOOTSTRAP_SERVERS": "kafka-1:9092,kafka-2:9092",
    "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_USERNAME": "worker",
    "KAFKA_PASSWORD": "kafka-secret",
    "SCHEMA_REGISTRY_URL": "http://registry:8081/apis/ccompat/v7/",
    "SCHEMA_REGISTRY_USERNAME": "reader",
    "SCHEMA_REGISTRY_PASSWORD": "schema-secret",
    "NEO4J_URI": "neo4j+s://graph:7687",
    "NEO4J_USERNAME": "writer",
    "NEO4J_PASSWORD": "neo4j-secret",
    "NEO4J_DATABASE": "llm",
    "REGISTRY_API_URL": "https://models.example/base/",
    "REGISTRY_API_TOKEN": "registry-secret",
    "VAULT_ADDR": "http://vault:8200",
    "VAULT_TOKEN": "vault-secret",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "HTTP/protobuf",
    "OTEL_SERVICE_NAME": "telemetry-worker",
    "LOG_LEVEL": "debug",
    "LOG_FORMAT": "json",
    "METRICS_PORT": "0",
    "METRICS_TARGETS": "/run/prometheus/targets",
    "MEMORY_GRAPH_TOPOLOGY": "/etc/memory-graph/topology.yaml",
}


FILES = {f"KAFKA_SSL_{kind}" for kind in ("CAFILE", "CERTFILE", "KEYFILE", "KEY_PASSWORD")} | {
    "SCHEMA_REGISTRY_CAFILE",
    "NEO4J_CAFILE",
    "REGISTRY_API_CAFILE",
    "VAULT_CACERT",
    "KAFKA_CONNECT_CAFILE",
    "REGISTRY_DATABASE_CAFILE",
}


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *FILES, "METRICS_HOST", "KAFKA_CONNECT_URL", "TLS_MIN_VERSION"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def set_all(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def fault(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    set_all(monkeypatch, variables)
    with pytest.raises(Misconfigured) as caught:
        Settings.from_environment()
    return str(caught.value)


def test_every_variable_of_the_contract_reaches_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, VARIABLES)

    settings = Settings.from_environment()

    assert settings.kafka.bootstrap_servers == "kafka-1:9092,kafka-2:9092"
    assert settings.kafka.security_protocol is SecurityProtocol.SASL_PLAINTEXT
    assert settings.kafka.sasl_mechanism is SaslMechanism.SCRAM_SHA_512
    assert (settings.kafka.username, settings.kafka.password) == ("worker", SecretStr("kafka-secret"))
    assert settings.schema_registry.url == "http://registry:8081/apis/ccompat/v7"
    assert settings.schema_registry.username == "reader"
    assert settings.schema_registry.password.get_secret_value() == "schema-secret"
    assert (settings.neo4j.uri, settings.neo4j.username, settings.neo4j.database) == (
        "neo4j+s://graph:7687",
        "writer",
        "llm",
    )
    assert settings.neo4j.password.get_secret_value() == "neo4j-secret"
    assert settings.registry_api.url == "https://models.example/base"
    assert settings.registry_api.token.get_secret_value() == "registry-secret"
    assert (settings.vault.addr, settings.vault.token.get_secret_value()) == ("http://vault:8200", "vault-secret")
    assert (settings.otel.endpoint, settings.otel.service_name) == ("http://collector:4318", "telemetry-worker")
    assert (settings.otel.protocol, settings.otel.traces_protocol) == (OtlpProtocol.GRPC, OtlpProtocol.HTTP)
    assert (settings.log.level, settings.log.format) == (LogLevel.DEBUG, LogFormat.JSON)
    assert settings.metrics_port == 0
    assert settings.metrics_targets == Path("/run/prometheus/targets")
    assert settings.topology_path == Path("/etc/memory-graph/topology.yaml")


def test_without_variables_everything_is_on_this_machine() -> None:
    settings = Settings.from_environment()

    assert settings.kafka.bootstrap_servers == "127.0.0.1:9092"
    assert settings.neo4j.uri == "bolt://127.0.0.1:7687"
    assert settings.otel.endpoint is None
    assert settings.metrics_port == 9464
    assert settings.metrics_targets is None
    assert settings.topology_path == Path("topology.yaml")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_DATABASE", "")

    assert Settings.from_environment().neo4j.database == "neo4j"


def test_no_representation_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, VARIABLES)

    settings = Settings.from_environment()

    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "-secret" not in shown


@pytest.mark.parametrize(
    "name",
    [
        "KAFKA_PASSWORD",
        "KAFKA_SSL_KEY_PASSWORD",
        "SCHEMA_REGISTRY_PASSWORD",
        "NEO4J_PASSWORD",
        "REGISTRY_API_TOKEN",
        "VAULT_TOKEN",
    ],
)
def test_every_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    file.write_text("from-file\n")
    (tmp_path / "key.pem").touch()
    monkeypatch.setenv(f"{name}_FILE", str(file))
    monkeypatch.setenv("SCHEMA_REGISTRY_USERNAME", "reader" if name == "SCHEMA_REGISTRY_PASSWORD" else "")
    if name == "KAFKA_SSL_KEY_PASSWORD":
        files = dict.fromkeys(("KAFKA_SSL_KEYFILE", "KAFKA_SSL_CERTFILE"), str(tmp_path / "key.pem"))
        set_all(monkeypatch, {"KAFKA_SECURITY_PROTOCOL": "SSL", **files})

    settings = Settings.from_environment()

    secrets = {
        "KAFKA_PASSWORD": settings.kafka.password,
        "KAFKA_SSL_KEY_PASSWORD": settings.kafka.ssl_key_password,
        "SCHEMA_REGISTRY_PASSWORD": settings.schema_registry.password,
        "NEO4J_PASSWORD": settings.neo4j.password,
        "REGISTRY_API_TOKEN": settings.registry_api.token,
        "VAULT_TOKEN": settings.vault.token,
    }
    assert secrets[name].get_secret_value() == "from-file"


def test_what_is_no_secret_does_not_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "uri"
    file.write_text("bolt://elsewhere:7687")
    monkeypatch.setenv("NEO4J_URI_FILE", str(file))

    assert Settings.from_environment().neo4j.uri == "bolt://127.0.0.1:7687"


def test_secrets_from_two_places_or_from_nowhere_are_all_named_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    missing = tmp_path / "missing"

    message = fault(
        monkeypatch,
        KAFKA_PASSWORD="in-clear",
        KAFKA_PASSWORD_FILE=str(empty),
        NEO4J_PASSWORD_FILE=str(missing),
        VAULT_TOKEN_FILE=str(empty),
    )

    count, *faults = message.splitlines()
    assert count == "3 settings are wrong"
    assert faults == [
        "both KAFKA_PASSWORD and KAFKA_PASSWORD_FILE are set; unset one of them",
        (
            f"NEO4J_PASSWORD_FILE={missing} cannot be read (No such file or directory); "
            "name a file that this user may read"
        ),
        f"VAULT_TOKEN_FILE={empty} is empty; write the secret into it, or unset VAULT_TOKEN_FILE",
    ]


def test_a_fault_names_variable_value_and_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    message = fault(monkeypatch, KAFKA_SECURITY_PROTOCOL="TLS")

    assert message == (
        "KAFKA_SECURITY_PROTOCOL=TLS is not usable; set it to one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"
    )


def test_all_faults_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "KAFKA_BOOTSTRAP_SERVERS": "kafka",
        "KAFKA_SSL_CAFILE": "/nowhere/ca.pem",
        "SCHEMA_REGISTRY_URL": "registry:8081",
        "NEO4J_URI": "http://graph:7474",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "collector",
        "REGISTRY_API_URL": "models.example",
        "LOG_FORMAT": "xml",
        "METRICS_PORT": "65536",
    }

    first, *lines = fault(monkeypatch, **wrong).splitlines()

    assert first == "8 settings are wrong"
    assert {line.partition(" is not usable; set it to ")[0] for line in lines} == {
        f"{name}={value}" for name, value in wrong.items()
    }


def test_credentials_inside_an_address_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    message = fault(monkeypatch, NEO4J_URI="http://writer:hidden@graph:7474")

    assert message.startswith("NEO4J_URI=…@graph:7474 is not usable")


@pytest.mark.parametrize("uri", ["bolt://writer:hidden@graph:7687", "neo4j+s://writer:hidden@graph"])
def test_a_graph_is_not_logged_in_to_by_its_address(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    message = fault(monkeypatch, NEO4J_URI=uri)

    assert message.startswith("NEO4J_URI=…@graph")
    assert "NEO4J_PASSWORD" in message
    assert "hidden" not in message


@pytest.mark.parametrize("port", ["port", "99999"])
def test_a_port_that_is_none_is_a_fault(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    message = fault(monkeypatch, NEO4J_URI=f"bolt://graph:{port}")

    assert message.startswith(f"NEO4J_URI=bolt://graph:{port} is not usable; set it to bolt://host:port")


def test_a_registry_is_not_logged_in_to_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    message = fault(monkeypatch, REGISTRY_API_URL="https://writer:hidden@models.example")

    assert message.startswith("REGISTRY_API_URL=…@models.example is not usable")


@pytest.mark.parametrize("token", ["never shown", "never\x00shown", "neverähown"])
def test_a_token_that_no_header_can_hold_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, token: str
) -> None:
    (tmp_path / "token").write_text(token)
    message = fault(monkeypatch, REGISTRY_API_TOKEN_FILE=str(tmp_path / "token"))

    assert message.startswith("REGISTRY_API_TOKEN=(hidden) is not usable; set it to a token")


def test_logging_in_without_credentials_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    message = fault(monkeypatch, KAFKA_SECURITY_PROTOCOL="SASL_SSL", KAFKA_USERNAME="worker")

    assert message == (
        "KAFKA_SECURITY_PROTOCOL=SASL_SSL logs in, but KAFKA_PASSWORD is not set; set it, or use PLAINTEXT or SSL"
    )


def test_a_fault_of_a_group_does_not_repeat_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    message = fault(monkeypatch, KAFKA_SECURITY_PROTOCOL="SASL_SSL", KAFKA_PASSWORD="never-shown")

    assert "KAFKA_USERNAME" in message
    assert "never-shown" not in message


def test_what_a_program_gives_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")

    settings = Settings(kafka=KafkaSettings(bootstrap_servers="other:9092"))

    assert settings.kafka.bootstrap_servers == "other:9092"


def test_what_an_option_gives_goes_before_its_variable_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEW_NEO4J_URI", "bolt://other:7687")
    monkeypatch.setenv("NEW_NEO4J_PASSWORD", "secret")
    new = Settings.from_environment(new_neo4j={"uri": "bolt://new:7687"}).new_neo4j
    assert (new.uri, new.password.get_secret_value()) == ("bolt://new:7687", "secret")
    with pytest.raises(Misconfigured, match=r"^NEW_NEO4J_URI=new:7687 is not usable"):
        Settings.from_environment(new_neo4j={"uri": "new:7687"})


def test_names_follow_from_the_fields_but_for_those_of_the_ecosystem() -> None:
    assert variable_of(("neo4j", "uri")) == "NEO4J_URI"
    assert variable_of(("otel", "endpoint")) == "OTEL_EXPORTER_OTLP_ENDPOINT"
    assert variable_of(("topology_path",)) == "MEMORY_GRAPH_TOPOLOGY"


@pytest.mark.parametrize(
    ("settings", "spoken"),
    [
        ({}, OtlpProtocol.HTTP),
        ({"endpoint": "http://collector:4318"}, OtlpProtocol.HTTP),
        ({"endpoint": "https://collector"}, OtlpProtocol.HTTP),
        ({"endpoint": "http://collector:4317"}, OtlpProtocol.GRPC),
        ({"endpoint": "http://collector:4317", "protocol": "http/protobuf"}, OtlpProtocol.HTTP),
        ({"endpoint": "http://collector:4318", "protocol": "grpc"}, OtlpProtocol.GRPC),
        ({"endpoint": "http://collector", "protocol": "http/protobuf", "traces_protocol": "grpc"}, OtlpProtocol.GRPC),
    ],
)
def test_spans_are_sent_as_set_and_otherwise_as_the_port_says(settings: dict[str, str], spoken: OtlpProtocol) -> None:
    assert OtelSettings.model_validate(settings).spoken_protocol is spoken


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_another_protocol_is_a_fault_that_names_those_there_are(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    message = fault(monkeypatch, **{name: "http/json"})

    assert message.startswith(f"{name}=http/json is not usable; set it to one of grpc, http/protobuf; ")
    assert len(message.splitlines()) == 1


@pytest.fixture
def pem(tmp_path: Path) -> str:
    (tmp_path / "some.pem").touch()
    return str(tmp_path / "some.pem")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CERTFILE": "PEM"},
            "KAFKA_SSL_CERTFILE=PEM needs KAFKA_SSL_KEYFILE, which is not set; set it, or unset KAFKA_SSL_CERTFILE",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_KEYFILE": "PEM"},
            "KAFKA_SSL_KEYFILE=PEM needs KAFKA_SSL_CERTFILE, which is not set; set it, or unset KAFKA_SSL_KEYFILE",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_KEY_PASSWORD": "never-shown"},
            "KAFKA_SSL_KEY_PASSWORD is set without KAFKA_SSL_KEYFILE; name the key's file, or unset the password",
        ),
        (
            {"KAFKA_SSL_CAFILE": "PEM"},
            (
                "KAFKA_SSL_CAFILE=PEM is for TLS, but KAFKA_SECURITY_PROTOCOL=PLAINTEXT does not use it; "
                "set it to SSL or SASL_SSL, or unset KAFKA_SSL_CAFILE"
            ),
        ),
        (
            {"SCHEMA_REGISTRY_USERNAME": "ada"},
            (
                "SCHEMA_REGISTRY_USERNAME=ada needs SCHEMA_REGISTRY_PASSWORD, which is not set; "
                "set it, or unset SCHEMA_REGISTRY_USERNAME"
            ),
        ),
        (
            {"SCHEMA_REGISTRY_PASSWORD": "never-shown"},
            (
                "SCHEMA_REGISTRY_PASSWORD=(hidden) needs SCHEMA_REGISTRY_USERNAME, which is not set; "
                "set it, or unset SCHEMA_REGISTRY_PASSWORD"
            ),
        ),
        (
            {"SCHEMA_REGISTRY_URL": "http://registry:8081", "SCHEMA_REGISTRY_CAFILE": "PEM"},
            (
                "SCHEMA_REGISTRY_CAFILE=PEM is for TLS, but SCHEMA_REGISTRY_URL=http://registry:8081 does not use it; "
                "write https://, or unset SCHEMA_REGISTRY_CAFILE"
            ),
        ),
        (
            {"NEO4J_URI": "bolt+ssc://graph:7687", "NEO4J_CAFILE": "PEM"},
            (
                "NEO4J_CAFILE=PEM is for TLS, but NEO4J_URI=bolt+ssc://graph:7687 does not use it; "
                "write bolt+s:// or neo4j+s://, or unset NEO4J_CAFILE"
            ),
        ),
        (
            {"REGISTRY_API_CAFILE": "PEM"},
            (
                "REGISTRY_API_CAFILE=PEM is for TLS, but REGISTRY_API_URL= does not use it; "
                "write https://, or unset REGISTRY_API_CAFILE"
            ),
        ),
        (
            {"VAULT_ADDR": "http://vault:8200", "VAULT_CACERT": "PEM"},
            (
                "VAULT_CACERT=PEM is for TLS, but VAULT_ADDR=http://vault:8200 does not use it; "
                "write https://, or unset VAULT_CACERT"
            ),
        ),
        (
            {"KAFKA_CONNECT_URL": "http://connect:8083", "KAFKA_CONNECT_CAFILE": "PEM"},
            (
                "KAFKA_CONNECT_CAFILE=PEM is for TLS, but KAFKA_CONNECT_URL=http://connect:8083 does not use it; "
                "write https://, or unset KAFKA_CONNECT_CAFILE"
            ),
        ),
    ],
)
def test_settings_that_contradict_each_other_are_a_fault(
    monkeypatch: pytest.MonkeyPatch, pem: str, variables: dict[str, str], sentence: str
) -> None:
    message = fault(monkeypatch, **{name: value.replace("PEM", pem) for name, value in variables.items()})

    assert message == sentence.replace("PEM", pem)


def test_the_lowest_version_of_tls_is_1_3_and_one_variable_lowers_it_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def versions() -> set[str]:
        settings = Settings.from_environment()
        groups = (
            settings.kafka,
            settings.schema_registry,
            settings.kafka_connect,
            settings.neo4j,
            settings.registry_api,
            settings.vault,
        )
        return {group.tls_min_version for group in groups}

    assert versions() == {"1.3"}
    monkeypatch.setenv("TLS_MIN_VERSION", "1.2")
    assert versions() == {"1.2"}
    assert fault(monkeypatch, TLS_MIN_VERSION="1.1") == (
        "TLS_MIN_VERSION=1.1 is not usable; set it to 1.3, or 1.2 where a server does not speak TLS 1.3"
    )


def test_a_file_that_does_not_exist_is_a_fault_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    message = fault(monkeypatch, NEO4J_URI="bolt+s://graph:7687", NEO4J_CAFILE="/nowhere/ca.pem")

    assert message.startswith("NEO4J_CAFILE=/nowhere/ca.pem is not usable; set it to a PEM file of the authority")


@pytest.mark.parametrize("name", ["KAFKA_USERNAME", "NEO4J_PASSWORD", "VAULT_TOKEN_FILE"])
def test_a_variable_that_is_no_utf_8_is_one_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "a\udcff")
    with pytest.raises(Misconfigured) as fault:
        Settings.from_environment()
    assert str(fault.value) == f"{name} is not UTF-8 text; write it in UTF-8"


def test_a_value_over_several_lines_is_shown_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_URI", "http://\n\x1b[31m" + "x" * 9_000)
    with pytest.raises(Misconfigured) as fault:
        Settings.from_environment()
    assert len(str(fault.value).splitlines()) == 1
    assert len(str(fault.value)) < 600


def test_an_address_of_the_vault_with_a_password_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_ADDR", "https://me:letmein@vault:8200")
    with pytest.raises(Misconfigured, match=r"VAULT_ADDR=.*@vault:8200 is not usable") as fault:
        Settings.from_environment()
    assert "letmein" not in str(fault.value)


def test_a_path_that_no_file_can_have_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SSL_CAFILE", "[" * 5_000)
    with pytest.raises(Misconfigured, match=r"^\[{200}… cannot be read \(File name too long\); name a file"):
        Settings.from_environment()
