import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from workers.core.errors import Misconfigured
from workers.dev.stack.lifecycle import up
from workers.dev.stack.server import Instance
from workers.dev.stack.servers import kafka, neo4j
from workers.dev.stack.state import ServerState, StackState
from workers.dev.stack.tls.files import StackTls, as_user, with_certificate


@pytest.fixture
def tls(tmp_path: Path) -> StackTls:
    made = StackTls(tmp_path / "stack")
    made.prepare()
    return made


def instance(tls: StackTls, **ports: int) -> Instance:
    folder = tls.folder / "server"
    return Instance(stack="secure", folder=folder, cache=folder, ports=ports, secrets={"admin": "hush"}, tls=tls)


def test_a_certificate_is_signed_by_the_authority_kept_and_made_again_before_it_ends(tls: StackTls) -> None:
    files = tls.of_server("kafka")
    first = files.certificate.read_text()
    tls.prepare()
    assert tls.of_server("kafka").certificate.read_text() == first

    tls.signer().sign("kafka", days=3).write(files.certificate, files.key)
    tls.of_server("kafka")

    made = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(tls.authority.read_bytes()))
    assert (made.not_valid_after_utc - datetime.now(UTC)).days > 60


def test_only_the_owner_may_read_keys_and_passwords(tls: StackTls) -> None:
    files = tls.of_user("ada")

    assert [oct(file.stat().st_mode & 0o777) for file in (files.key, files.both)] == ["0o600"] * 2
    ssl.create_default_context().load_cert_chain(files.certificate, files.key)


def test_a_secure_kafka_has_no_listener_without_tls_and_refuses_what_no_rule_allows(tls: StackTls) -> None:
    lines = kafka.properties(instance(tls, client=20_000, mutual=20_001, controller=20_002)).splitlines()

    assert "listeners=SASL_SSL://127.0.0.1:20000,SSL://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002" in lines
    assert "listener.security.protocol.map=SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:SSL" in lines
    assert "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer" in lines
    assert not [line for line in lines if line.startswith("allow.everyone")]
    assert "ssl.enabled.protocols=TLSv1.3" in lines
    assert "ssl.cipher.suites=TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256" in lines


def test_a_secure_neo4j_speaks_bolt_and_http_over_tls_alone(tls: StackTls) -> None:
    lines = neo4j.configuration(instance(tls, bolt=20_000, http=20_001)).splitlines()

    assert "server.bolt.tls_level=REQUIRED" in lines
    assert "server.http.enabled=false" in lines
    assert "dbms.ssl.policy.bolt.tls_versions=TLSv1.3" in lines


def test_a_worker_gets_its_own_user_by_password_or_by_certificate(tls: StackTls) -> None:
    administrator = kafka.exports(instance(tls, client=20_000, mutual=20_001))
    with pytest.raises(Misconfigured, match="no user memory-graph-telemetry"):
        as_user(administrator, tls, "memory-graph-telemetry")
    (tls.of_user("memory-graph-telemetry").key.parent / "password").write_text("hush")

    worker = as_user(administrator, tls, "memory-graph-telemetry")
    mutual = with_certificate(administrator, tls.of_user("memory-graph-telemetry"))

    assert worker["KAFKA_USERNAME"] == "memory-graph-telemetry"
    assert "KAFKA_PASSWORD" not in worker
    assert Path(worker["KAFKA_PASSWORD_FILE"]).read_text() == "hush"
    assert (mutual["KAFKA_BOOTSTRAP_SERVERS"], mutual["KAFKA_SECURITY_PROTOCOL"]) == ("127.0.0.1:20001", "SSL")
    assert not {"KAFKA_USERNAME", "KAFKA_PASSWORD"} & mutual.keys()


def test_a_stack_that_has_data_without_tls_does_not_become_secure(tmp_path: Path) -> None:
    StackState(name="plain", folder=tmp_path / "plain", servers={"kafka": ServerState()}).save()

    with pytest.raises(Misconfigured, match=r"plain was started without --secure: .*stack reset --name plain"):
        up("plain", home=tmp_path, environment={}, secure=True)
