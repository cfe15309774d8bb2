"""Kafka Connect of a secure stack: what it may do in Kafka, and what it shows and keeps secret."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from workers.core.errors import Misconfigured
from workers.dev.stack.server import Instance
from workers.dev.stack.servers import connect
from workers.dev.stack.servers.connect_access import CONNECT, connect_acls
from workers.dev.stack.tls.certificates import replace_file
from workers.dev.stack.tls.files import StackTls

SECURE = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "KAFKA_MTLS_BOOTSTRAP_SERVERS": "127.0.0.1:9094",
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_USERNAME": "admin",
    "KAFKA_PASSWORD": "the administrator's",
    "REGISTRY_DATABASE_URL": "postgresql://postgres:hush-database@127.0.0.1:5432/registry?sslmode=verify-full",
    "REGISTRY_DATABASE_CAFILE": "/ca.pem",
    "SCHEMA_REGISTRY_URL": "https://127.0.0.1:8081/apis/ccompat/v7",
    "SCHEMA_REGISTRY_USERNAME": "memory-graph",
    "SCHEMA_REGISTRY_PASSWORD": "hush-registry",
    "SCHEMA_REGISTRY_CAFILE": "/ca.pem",
}
PLAIN = {
    "REGISTRY_DATABASE_URL": "postgresql://postgres:hush-database@127.0.0.1:5432/registry",
    "SCHEMA_REGISTRY_URL": "http://127.0.0.1:8081/apis/ccompat/v7",
}
LINES_FOR_TLS = {
    "database.sslmode",
    "database.sslrootcert",
    *(f"{side}.converter.apicurio.auth.{what}" for side in ("key", "value") for what in ("username", "password")),
    *(f"{side}.converter.apicurio.rest.request.ssl.ca-bundle.location" for side in ("key", "value")),
}


@pytest.fixture
def place(tmp_path: Path) -> Instance:
    """Return an instance in a secure stack that has users."""
    tls = StackTls(tmp_path)
    tls.prepare()
    replace_file(tls.user_folder(CONNECT) / "password", "hush-kafka")
    folder = tmp_path / "connect"
    folder.mkdir()
    secrets = {"key_store": "hush-store"}
    return Instance("dev", folder, folder, {"rest": 8083}, secrets, SECURE, tls, {"connect": [], "debezium": []})


def properties(place: Instance) -> dict[str, str]:
    connect.prepare(place)
    lines = (place.folder / "connect.properties").read_text().splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.mark.parametrize("client", ["", "producer.", "consumer.", "admin."])
def test_every_client_logs_in_as_connect_over_tls_1_3(place: Instance, client: str) -> None:
    found = properties(place)

    assert found[f"{client}security.protocol"] == "SASL_SSL"
    assert found[f"{client}sasl.jaas.config"].endswith(' username="memory-graph-connect" password="hush-kafka";')
    assert found[f"{client}ssl.truststore.location"] == str(place.folder.parent / "tls" / "ca.pem")
    assert found[f"{client}ssl.enabled.protocols"] == "TLSv1.3"


def test_the_rest_interface_has_no_plain_port_and_shows_the_certificate_of_connect(place: Instance) -> None:
    found = properties(place)

    assert found["listeners"] == "https://127.0.0.1:8083"
    assert found["listeners.https.ssl.enabled.protocols"] == "TLSv1.3"
    store = Path(found["listeners.https.ssl.keystore.location"]).read_bytes()
    key, shown, _ = load_key_and_certificates(store, b"hush-store")
    assert key is not None
    assert shown is not None
    assert shown.subject.rfc4514_string() == "CN=connect"
    assert connect.exports(place)["KAFKA_CONNECT_CAFILE"] == found["ssl.truststore.location"]


def test_files_with_secrets_are_private_and_no_secret_is_on_the_command_line(place: Instance) -> None:
    connect.prepare(place)
    command = connect.command(place)

    for file in ("connect.properties", "tls.p12"):
        assert (place.folder / file).stat().st_mode & 0o077 == 0, file
    assert not [word for word in command.argv if "hush" in word]
    assert not [value for value in command.environment.values() if "hush-kafka" in value or "administrator" in value]


def test_the_connector_gets_the_lines_for_tls_that_the_settings_have_a_value_for() -> None:
    plain = connect.configuration()

    assert connect.configuration(SECURE).keys() - plain.keys() == LINES_FOR_TLS
    assert connect.configuration({**PLAIN, "REGISTRY_DATABASE_CAFILE": "/ca.pem"}).keys() - plain.keys() == {
        "database.sslmode",
        "database.sslrootcert",
    }
    assert connect.configuration(PLAIN) == plain
    assert "hush" not in str(connect.configuration(SECURE))


def test_a_database_of_others_keeps_the_mode_of_its_address() -> None:
    given = {"REGISTRY_DATABASE_URL": "postgresql://far/registry?sslmode=require"}

    assert connect.connector_variables({**PLAIN, **given})["REGISTRY_DATABASE_SSLMODE"] == "require"


def test_a_secure_kafka_of_others_is_refused(place: Instance) -> None:
    others = {name: value for name, value in SECURE.items() if name != "KAFKA_MTLS_BOOTSTRAP_SERVERS"}
    with pytest.raises(Misconfigured, match=r"KAFKA_SECURITY_PROTOCOL is SASL_SSL.*set KAFKA_CONNECT_URL"):
        connect.prepare(replace(place, environment=others))


def test_kafka_lets_it_do_nothing_but_what_debezium_needs() -> None:
    own = ("READ", "WRITE", "CREATE", "DESCRIBE_CONFIGS")

    assert {(resource, name): set(operations) for resource, name, operations in connect_acls("dev")} == {
        ("GROUP", "memory-graph-connect-dev"): {"READ"},
        ("TOPIC", "memory-graph-connect-dev-configs"): set(own),
        ("TOPIC", "memory-graph-connect-dev-offsets"): set(own),
        ("TOPIC", "memory-graph-connect-dev-status"): set(own),
        ("TOPIC", "registry-changes"): {"WRITE"},
        ("TOPIC", "registry-heartbeats"): {"WRITE"},
    }
