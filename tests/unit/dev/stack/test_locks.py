"""The lock files are complete and up to date, and name no host."""

import re
import tomllib

import pytest
from jgo.env import LockFile, compute_spec_hash

from workers.dev.stack.jars import JAR_SETS, locked_files, set_folder, version_of
from workers.dev.stack.servers import SERVERS

each_jar_set = pytest.mark.parametrize("name", JAR_SETS)


@each_jar_set
def test_every_file_is_pinned_by_its_hash(name: str) -> None:
    files = locked_files(name)
    assert files
    assert all(re.fullmatch(r"[0-9a-f]{64}", each.sha256 or "") for each in files)


@each_jar_set
def test_the_lock_file_matches_its_specification(name: str) -> None:
    lock = LockFile.load(set_folder(name) / "jgo.lock.toml")
    assert lock.spec_hash == compute_spec_hash(set_folder(name) / "jgo.toml"), "run python -m workers.dev.stack.lock"


@each_jar_set
def test_no_file_names_a_host(name: str) -> None:
    for file in ("jgo.toml", "jgo.lock.toml"):
        text = (set_folder(name) / file).read_text()
        assert "://" not in text
        assert "repositories" not in tomllib.loads(text)


def test_every_jar_set_of_a_server_exists() -> None:
    assert {jars for server in SERVERS.values() for jars in server.jar_sets} == set(JAR_SETS)


def test_broker_connect_and_clients_have_the_same_version() -> None:
    versions = {version_of("kafka", name) for name in ("kafka_2.13", "kafka-clients")}
    versions |= {version_of("connect", name) for name in ("connect-runtime", "kafka-clients")}
    assert len(versions) == 1
