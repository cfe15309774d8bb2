"""What the servers' files and command lines say."""

import os
import re
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.core.errors import Misconfigured
from workers.dev.stack.server import Site
from workers.dev.stack.servers import ALWAYS, SERVERS, connect, kafka, names_for, neo4j, openbao, postgres

SETTINGS = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "REGISTRY_DATABASE_URL": "postgresql://postgres:hu%40sh@127.0.0.1:5432/registry",
    "SCHEMA_REGISTRY_URL": "http://127.0.0.1:8081/apis/ccompat/v7",
}


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., Site]:
    def make(name: str, **settings: str) -> Site:
        server = SERVERS[name]
        return Site(
            stack="dev",
            folder=tmp_path,
            cache=tmp_path / "cache",
            ports={role: 20_000 + number for number, role in enumerate(server.ports)},
            secrets=dict.fromkeys(server.secrets, "hush"),
            environment=settings,
            jars={jars: [tmp_path / f"{jars}.jar"] for jars in server.jar_sets},
        )

    return make


def test_kafka_listens_on_the_loopback_only_and_makes_no_topics_by_itself(site: Callable[..., Site]) -> None:
    lines = kafka.properties(site("kafka")).splitlines()
    assert "listeners=PLAINTEXT://127.0.0.1:20000,CONTROLLER://127.0.0.1:20001" in lines
    assert "advertised.listeners=PLAINTEXT://127.0.0.1:20000" in lines
    assert "auto.create.topics.enable=false" in lines


def test_neo4j_advertises_the_ports_that_it_listens_on(site: Callable[..., Site]) -> None:
    lines = neo4j.CONFIGURATION.format(**site("neo4j").ports).splitlines()
    assert "server.bolt.listen_address=127.0.0.1:20000" in lines
    assert "server.bolt.advertised_address=127.0.0.1:20000" in lines
    assert "server.http.listen_address=127.0.0.1:20001" in lines


def test_connect_gets_the_kafka_of_its_stack_and_one_plugin_folder(site: Callable[..., Site]) -> None:
    place = site("connect", **SETTINGS)
    connect.prepare(place)
    lines = (place.folder / "connect.properties").read_text().splitlines()
    assert "bootstrap.servers=127.0.0.1:9092" in lines
    assert "listeners=http://127.0.0.1:20000" in lines
    assert f"plugin.path={place.folder / 'plugins'}" in lines
    assert [path.name for path in (place.folder / "plugins" / "debezium").iterdir()] == ["debezium.jar"]


def test_connect_says_that_it_cannot_join_a_kafka_with_encryption(site: Callable[..., Site]) -> None:
    with pytest.raises(Misconfigured, match="KAFKA_SECURITY_PROTOCOL"):
        connect.prepare(site("connect", KAFKA_BOOTSTRAP_SERVERS="far:9092", KAFKA_SECURITY_PROTOCOL="SASL_SSL"))


def test_the_connector_names_no_place_and_no_password_but_connect_has_them(site: Callable[..., Site]) -> None:
    given = connect.command(site("connect", **SETTINGS)).environment
    assert given["REGISTRY_DATABASE_PASSWORD"] == "hu@sh"
    assert given["APICURIO_REGISTRY_URL"] == "http://127.0.0.1:8081/apis/registry/v2"
    named = {word for value in connect.configuration().values() for word in re.findall(r"\$\{env:(\w+)\}", value)}
    assert named == set(connect.referred_to(SETTINGS))
    allowed = re.search(r"allowlist\.pattern=(.*)", connect.PROPERTIES)
    assert allowed
    assert all(re.fullmatch(allowed[1], name) for name in named)


def test_the_connector_keys_each_table_that_it_watches() -> None:
    configuration = connect.configuration()
    keys = dict(part.split(":") for part in configuration["message.key.columns"].split(";"))
    assert set(keys) == set(configuration["table.include.list"].split(","))
    assert {table for table, column in keys.items() if column != "model_id"} == {"public.schemas"}


def test_connect_says_that_debezium_needs_an_apicurio_registry(site: Callable[..., Site]) -> None:
    with pytest.raises(Misconfigured, match="KAFKA_CONNECT_URL"):
        connect.command(site("connect", **{**SETTINGS, "SCHEMA_REGISTRY_URL": "http://registry:8081"}))


@pytest.mark.parametrize("name", ["openbao", "neo4j", "postgres"])
def test_no_password_is_on_a_command_line(name: str, site: Callable[..., Site]) -> None:
    assert not any("hush" in word for word in SERVERS[name].command(site(name)).argv)


def test_openbao_gets_its_token_by_environment(site: Callable[..., Site]) -> None:
    assert openbao.command(site("openbao")).environment["BAO_DEV_ROOT_TOKEN_ID"] == "hush"


def test_no_server_inherits_settings_that_could_change_it(
    site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1m")
    monkeypatch.setenv("NEO4J_HOME", "/nowhere")
    for name in ("kafka", "neo4j", "postgres", "openbao", "connect"):
        environment = SERVERS[name].command(site(name, **SETTINGS)).environment
        assert not {"JAVA_TOOL_OPTIONS", "NEO4J_HOME"} & set(environment)


def test_postgres_decodes_logically_and_is_never_root(site: Callable[..., Site]) -> None:
    argv = list(postgres.command(site("postgres")).argv)
    assert "wal_level=logical" in argv
    assert "port=20000" in argv
    if os.geteuid() == 0:
        assert argv[0].endswith("setpriv")
        assert any(word.startswith("--reuid=") for word in argv)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up rights")
def test_postgres_may_pass_closed_folders_only_where_there_are_some(site: Callable[..., Site], tmp_path: Path) -> None:
    temporary = Path(tempfile.gettempdir())
    for folder in (tmp_path, *tmp_path.parents):
        if folder != temporary and folder.is_relative_to(temporary):
            folder.chmod(0o755)
    assert "--ambient-caps=+dac_override" not in postgres.command(site("postgres")).argv
    tmp_path.chmod(stat.S_IRWXU)
    assert "--ambient-caps=+dac_override" in postgres.command(site("postgres")).argv


def test_extras_add_to_the_core() -> None:
    assert names_for(()) == ALWAYS
    assert names_for(("cdc", "vault")) == (*ALWAYS, "postgres", "connect", "openbao")


def test_an_unknown_extra_is_told_with_the_known_ones() -> None:
    with pytest.raises(Misconfigured, match="cdc, vault"):
        names_for(("kdc",))


def test_what_a_server_needs_is_in_the_stack_whenever_it_is() -> None:
    for extras in (("cdc",), ("vault",), ()):
        names = names_for(extras)
        assert {need for name in names for need in SERVERS[name].needs} <= set(names)
