"""What values.yaml says of the servers reaches the processes, and the network lets them go there and nowhere else."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import BaseModel

from tests.integration.helm.chart import VALUE_SETS, Manifests, secret_files, variables
from workers.adapters.object_store.store import SECRETS
from workers.config.settings import SaslMechanism, SecurityProtocol, Settings
from workers.config.variables import is_secret, variable_of

FOLDER = "/run/secrets/memory-graph"
WORKER = "Deployment/graph-memory-graph-telemetry"


def container_of(pods: Mapping[str, Any], name: str) -> dict[str, str]:
    return variables(pods[name]["containers"][0])


def settings_of(pod: Mapping[str, Any], folder: Path, patch: pytest.MonkeyPatch) -> Settings:
    """Read the settings as the process of a pod would: its secrets are files, each with its own name in it."""
    files = secret_files(pod)
    for name in files:
        (folder / name).write_text(f"in-{name}\n")
    for name, value in variables(pod["containers"][0]).items():
        patch.setenv(name, value.replace(FOLDER, str(folder)))
    return Settings.from_environment()


@pytest.mark.parametrize("values", VALUE_SETS)
def test_each_process_accepts_its_settings(manifests: Callable[..., Manifests], values: str, tmp_path: Path) -> None:
    for _, pod in manifests(values).pods():
        with pytest.MonkeyPatch.context() as patch:
            settings = settings_of(pod, tmp_path, patch)
        assert settings.neo4j.password.get_secret_value() == "in-neo4j-password"
        assert (settings.metrics_host, settings.metrics_port) == ("0.0.0.0", 9464)  # noqa: S104 - a pod's own address


def known_variables(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from known_variables(field.annotation, (*above, name))
        else:
            yield variable_of((*above, name))
            if is_secret(field):
                yield f"{variable_of((*above, name))}_FILE"


def test_the_process_knows_every_variable(manifests: Callable[..., Manifests]) -> None:
    secrets = {f"{variable}_FILE" for store in SECRETS.values() for variable in store.values()}
    clouds = {"AWS_REGION", "AWS_ENDPOINT_URL", "GOOGLE_APPLICATION_CREDENTIALS"}
    known = {*known_variables(Settings), *secrets, *clouds, "TMPDIR", "OTEL_TRACES_SAMPLER"}
    for values in VALUE_SETS:
        for name, pod in manifests(values).pods():
            assert set(variables(pod["containers"][0])) <= known, (values, name)


@pytest.mark.parametrize("values", VALUE_SETS)
def test_files_that_variables_name_are_mounted(manifests: Callable[..., Manifests], values: str) -> None:
    for name, pod in manifests(values).pods():
        files = {
            each.rpartition("/")[2] for each in variables(pod["containers"][0]).values() if each.startswith(FOLDER)
        }
        assert files == set(secret_files(pod)), name


def test_scram_over_tls(manifests: Callable[..., Manifests], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pod = dict(manifests("scram").pods())[WORKER]
    settings = settings_of(pod, tmp_path, monkeypatch)
    kafka = settings.kafka
    assert (kafka.security_protocol, kafka.sasl_mechanism) == (SecurityProtocol.SASL_SSL, SaslMechanism.SCRAM_SHA_512)
    assert (kafka.username, kafka.password.get_secret_value()) == ("memory-graph", "in-kafka-password")
    assert kafka.ssl_cafile == tmp_path / "kafka-ca.crt"
    assert kafka.ssl_certfile is None
    assert settings.neo4j.cafile == tmp_path / "neo4j-ca.crt"
    registry = settings.schema_registry
    assert (registry.username, registry.password.get_secret_value()) == ("reader", "in-schema-registry-password")
    assert registry.cafile == tmp_path / "schema-registry-ca.crt"


@pytest.mark.parametrize(
    ("values", "client", "authority"),
    [
        ("mtls", ("kafka-client", "tls.crt", "tls.key"), ("kafka-ca", "ca.crt")),
        (
            "cert-manager",
            ("graph-memory-graph-kafka-client", "tls.crt", "tls.key"),
            ("graph-memory-graph-kafka-client", "ca.crt"),
        ),
        ("strimzi-tls", ("graph-memory-graph-telemetry", "user.crt", "user.key"), ("prod-cluster-ca-cert", "ca.crt")),
    ],
)
def test_mutual_tls(
    manifests: Callable[..., Manifests], values: str, client: tuple[str, str, str], authority: tuple[str, str]
) -> None:
    pod = dict(manifests(values).pods())[WORKER]
    env, files = variables(pod["containers"][0]), secret_files(pod)
    assert env["KAFKA_SECURITY_PROTOCOL"] == "SSL"
    assert "KAFKA_USERNAME" not in env
    secret, certificate, key = client
    assert files[env["KAFKA_SSL_CERTFILE"].removeprefix(f"{FOLDER}/")] == (secret, certificate)
    assert files[env["KAFKA_SSL_KEYFILE"].removeprefix(f"{FOLDER}/")] == (secret, key)
    assert files[env["KAFKA_SSL_CAFILE"].removeprefix(f"{FOLDER}/")] == authority


def test_each_worker_has_its_own_account_with_strimzi(manifests: Callable[..., Manifests]) -> None:
    rendered = manifests("strimzi-scram")
    users = rendered.of("KafkaUser")
    for name, pod in rendered.pods():
        if name.startswith("Job/"):
            continue
        user = container_of({name: pod}, name)["KAFKA_USERNAME"]
        assert user in users, name
        assert secret_files(pod)["kafka-password"] == (user, "password")


def test_the_migration_needs_no_kafka_where_strimzi_has_the_topics(manifests: Callable[..., Manifests]) -> None:
    pod = dict(manifests("strimzi-scram").pods())["Job/graph-memory-graph-migration"]
    assert "initContainers" not in pod
    assert not [each for each in variables(pod["containers"][0]) if each.startswith("KAFKA")]
    assert set(secret_files(pod)) == {"neo4j-password"}


@pytest.mark.parametrize("values", ["external-secrets", "everything"])
def test_the_migration_has_an_external_secret_of_its_own(manifests: Callable[..., Manifests], values: str) -> None:
    """The first one runs before anything else of the release exists."""
    rendered = manifests(values)
    pod = next(pod for name, pod in rendered.pods() if name.startswith("Job/"))
    secret = rendered.of("ExternalSecret")[secret_files(pod)["neo4j-password"][0]]
    assert secret["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    used = {each["configMap"]["name"] for each in pod["volumes"] if "configMap" in each}
    assert all("helm.sh/hook" in rendered.of("ConfigMap")[each]["metadata"]["annotations"] for each in used)


def port_of(address: str) -> int:
    parts = urlsplit(address)
    return parts.port or {"https": 443, "http": 80}.get(parts.scheme, 7687)


SERVERS = (
    *("NEO4J_URI", "SCHEMA_REGISTRY_URL", "REGISTRY_API_URL", "VAULT_ADDR", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    "AWS_ENDPOINT_URL",
)


@pytest.mark.parametrize("values", [each for each in VALUE_SETS if each not in {"minimal", "everything"}])
def test_pods_reach_the_servers_of_their_settings_and_nothing_else(
    manifests: Callable[..., Manifests], values: str
) -> None:
    rendered = manifests(values)
    pods = dict(rendered.pods())
    env = {name: value for pod in pods for name, value in container_of(pods, pod).items()}
    kafka = {int(each.rpartition(":")[2]) for each in env["KAFKA_BOOTSTRAP_SERVERS"].split(",")}
    wanted = kafka | {port_of(env[name]) for name in SERVERS if name in env}
    for policy in rendered.of("NetworkPolicy").values():
        spec = policy["spec"]
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        assert [each["ports"] for each in spec["ingress"]] == [[{"port": "metrics", "protocol": "TCP"}]]
        dns, *servers = spec["egress"]
        assert {each["port"] for each in dns["ports"]} == {53}
        assert {port["port"] for each in servers for port in each["ports"]} == wanted


def test_the_peers_and_ports_of_a_server_can_be_named(manifests: Callable[..., Manifests]) -> None:
    spec = manifests("everything").of("NetworkPolicy")["graph"]["spec"]
    assert spec["ingress"][0]["from"][0]["namespaceSelector"]
    to_neo4j = next(each for each in spec["egress"] if each["ports"] == [{"port": 7687, "protocol": "TCP"}])
    assert to_neo4j["to"] == [{"podSelector": {"matchLabels": {"app": "neo4j"}}}]
    ports = {port["port"] for each in spec["egress"][1:] for port in each["ports"]}
    assert ports == {9093, 7687, 8081, 8443, 8200, 4317}
