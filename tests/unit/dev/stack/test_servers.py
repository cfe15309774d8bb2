"""The files and command lines of the servers."""

import json
import os
import re
import socket
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workers.core.errors import Misconfigured
from workers.dev.stack.server import Instance
from workers.dev.stack.servers import ALWAYS, SERVERS, connect, kafka, names_for, neo4j, openbao, postgres, prometheus

SETTINGS = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "REGISTRY_DATABASE_URL": "postgresql://postgres:hu%40sh@127.0.0.1:5432/registry",
    "SCHEMA_REGISTRY_URL": "http://127.0.0.1:8081/apis/ccompat/v7",
}


@pytest.fixture
def instance(tmp_path: Path) -> Callable[..., Instance]:
    def make(name: str, **settings: str) -> Instance:
        server = SERVERS[name]
        return Instance(
            stack="dev",
            folder=tmp_path,
            cache=tmp_path / "cache",
            ports={role: 20_000 + number for number, role in enumerate(server.ports)},
            secrets=dict.fromkeys(server.secrets, "hush"),
            environment=settings,
            jars={jars: [tmp_path / f"{jars}.jar"] for jars in server.jar_sets},
        )

    (tmp_path / "bin").mkdir()
    with tarfile.open(tmp_path / "programs.txz", "w:xz") as tar:
        tar.add(tmp_path / "bin", "bin")
    with zipfile.ZipFile(tmp_path / "postgres.jar", "w") as jar:
        jar.write(tmp_path / "programs.txz", "programs.txz")

    return make


def test_kafka_listens_on_loopback_only_and_creates_no_topics_by_itself(instance: Callable[..., Instance]) -> None:
    lines = kafka.properties(instance("kafka")).splitlines()
    assert "listeners=PLAINTEXT://127.0.0.1:20000,CONTROLLER://127.0.0.1:20001" in lines
    assert "advertised.listeners=PLAINTEXT://127.0.0.1:20000" in lines
    assert "auto.create.topics.enable=false" in lines


def test_neo4j_advertises_the_ports_on_which_it_listens(instance: Callable[..., Instance]) -> None:
    lines = neo4j.configuration(instance("neo4j")).splitlines()
    assert "server.bolt.listen_address=127.0.0.1:20000" in lines
    assert "server.bolt.advertised_address=127.0.0.1:20000" in lines
    assert "server.http.listen_address=127.0.0.1:20001" in lines


def test_connect_gets_the_kafka_of_its_stack_and_one_plugin_folder(instance: Callable[..., Instance]) -> None:
    place = instance("connect", **SETTINGS)
    connect.prepare(place)
    lines = (place.folder / "connect.properties").read_text().splitlines()
    assert "bootstrap.servers=127.0.0.1:9092" in lines
    assert "listeners=http://127.0.0.1:20000" in lines
    assert f"plugin.path={place.folder / 'plugins'}" in lines
    assert [path.name for path in (place.folder / "plugins" / "debezium").iterdir()] == ["debezium.jar"]


def test_connect_rejects_a_kafka_with_encryption_in_which_it_has_no_user(instance: Callable[..., Instance]) -> None:
    with pytest.raises(Misconfigured, match="KAFKA_SECURITY_PROTOCOL"):
        connect.prepare(instance("connect", KAFKA_BOOTSTRAP_SERVERS="far:9092", KAFKA_SECURITY_PROTOCOL="SASL_SSL"))


def test_connect_gets_the_address_and_password_that_the_connector_refers_to(instance: Callable[..., Instance]) -> None:
    environment = connect.command(instance("connect", **SETTINGS)).environment
    assert environment["REGISTRY_DATABASE_PASSWORD"] == "hu@sh"
    assert environment["APICURIO_REGISTRY_URL"] == "http://127.0.0.1:8081/apis/registry/v2"
    named = {word for value in connect.configuration().values() for word in re.findall(r"\$\{env:(\w+)\}", value)}
    assert named == set(connect.connector_variables(SETTINGS))
    allowed = re.search(r"allowlist\.pattern=(.*)", connect.PROPERTIES)
    assert allowed
    assert all(re.fullmatch(allowed[1], name) for name in named)


def test_the_connector_sets_a_key_for_each_of_its_tables() -> None:
    configuration = connect.configuration()
    keys = dict(part.split(":") for part in configuration["message.key.columns"].split(";"))
    assert set(keys) == set(configuration["table.include.list"].split(","))
    assert {table for table, column in keys.items() if column != "model_id"} == {"public.schemas"}


def test_connect_rejects_a_registry_that_is_not_apicurio(instance: Callable[..., Instance]) -> None:
    with pytest.raises(Misconfigured, match="KAFKA_CONNECT_URL"):
        connect.command(instance("connect", **{**SETTINGS, "SCHEMA_REGISTRY_URL": "http://registry:8081"}))


@pytest.mark.parametrize("name", ["openbao", "neo4j", "postgres"])
def test_no_password_is_on_a_command_line(name: str, instance: Callable[..., Instance]) -> None:
    assert not any("hush" in word for word in SERVERS[name].command(instance(name)).argv)


def test_openbao_gets_its_token_from_the_environment(instance: Callable[..., Instance]) -> None:
    assert openbao.command(instance("openbao")).environment["BAO_DEV_ROOT_TOKEN_ID"] == "hush"


def test_no_server_inherits_settings_that_could_change_it(
    instance: Callable[..., Instance], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1m")
    monkeypatch.setenv("NEO4J_HOME", "/nowhere")
    for name in ("kafka", "neo4j", "postgres", "openbao", "connect"):
        environment = SERVERS[name].command(instance(name, **SETTINGS)).environment
        assert not {"JAVA_TOOL_OPTIONS", "NEO4J_HOME"} & set(environment)


def test_postgres_says_where_there_is_none_for_a_machine(instance: Callable[..., Instance]) -> None:
    with pytest.raises(Misconfigured, match=r"there is no PostgreSQL for .*: set REGISTRY_DATABASE_URL"):
        postgres.command(replace(instance("postgres"), jars={"postgres": []}))


def test_postgres_has_logical_decoding_and_never_runs_as_root(instance: Callable[..., Instance]) -> None:
    argv = list(postgres.command(instance("postgres")).argv)
    assert "wal_level=logical" in argv
    assert "port=20000" in argv
    if os.geteuid() == 0:
        assert argv[0].endswith("setpriv")
        assert any(word.startswith("--reuid=") for word in argv)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops rights")
def test_postgres_may_pass_closed_folders_only_where_there_are_some(
    instance: Callable[..., Instance], tmp_path: Path
) -> None:
    temporary = Path(tempfile.gettempdir())
    for folder in (tmp_path, *tmp_path.parents):
        if folder != temporary and folder.is_relative_to(temporary):
            folder.chmod(0o755)
    assert "--ambient-caps=+dac_override" not in postgres.command(instance("postgres")).argv
    tmp_path.chmod(stat.S_IRWXU)
    argv = list(postgres.command(instance("postgres")).argv)
    assert "--ambient-caps=+dac_override" in argv
    looks = "import os, sys; sys.exit(os.geteuid() == 0 or not os.access(sys.argv[1], os.R_OK))"
    program = [*argv[: argv.index("--") + 1], sys.executable, "-I", "-S", "-c", looks, str(tmp_path / "postgres.jar")]
    assert subprocess.run(program, check=False).returncode == 0


def test_prometheus_forgets_the_targets_that_no_longer_answer(instance: Callable[..., Instance]) -> None:
    place = instance("prometheus")
    prometheus.prepare(place)
    targets = place.folder / "targets"
    with socket.create_server(("127.0.0.1", 0)) as alive, socket.create_server(("127.0.0.1", 0)) as dead:
        for name, listener in (("alive", alive), ("dead", dead)):
            address = f"127.0.0.1:{listener.getsockname()[1]}"
            (targets / f"{name}.json").write_text(json.dumps([{"targets": [address]}]))
        dead.close()
        prometheus.prepare(place)
    assert [file.name for file in targets.iterdir()] == ["alive.json"]


def test_prometheus_looks_for_workers_where_they_announce_themselves(instance: Callable[..., Instance]) -> None:
    place = instance("prometheus")
    prometheus.prepare(place)
    (job,) = json.loads((place.folder / "prometheus.yml").read_text())["scrape_configs"]
    assert job["file_sd_configs"][0]["files"] == [f"{prometheus.PROMETHEUS.exports(place)['METRICS_TARGETS']}/*.json"]
    argv = prometheus.command(place).argv
    assert "--web.listen-address=127.0.0.1:20000" in argv
    assert f"--config.file={place.folder / 'prometheus.yml'}" in argv


def test_extras_add_servers() -> None:
    assert names_for(()) == ALWAYS
    assert names_for(("cdc", "vault")) == (*ALWAYS, "postgres", "connect", "openbao")
    assert names_for(("monitoring",)) == (*ALWAYS, "prometheus")


def test_the_error_for_an_unknown_extra_names_the_known_ones() -> None:
    with pytest.raises(Misconfigured, match="cdc, vault"):
        names_for(("kdc",))


def test_a_stack_contains_every_server_that_its_servers_need() -> None:
    for extras in (("cdc",), ("vault",), ("monitoring",), ()):
        names = names_for(extras)
        assert {need for name in names for need in SERVERS[name].needs} <= set(names)
