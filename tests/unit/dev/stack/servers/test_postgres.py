"""PostgreSQL of a secure stack."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from workers.dev.stack.server import Instance
from workers.dev.stack.servers import postgres
from workers.dev.stack.tls.files import StackTls


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """Return an instance in a secure stack, in a folder with a blank, whose data are there already."""
    monkeypatch.setattr(postgres, "unpack", lambda _jar, cache: cache)
    tls = StackTls(tmp_path / "my stack")
    tls.prepare()
    folder, programs = tls.folder / "postgres", tmp_path / "programs"
    (programs / "bin").mkdir(parents=True)
    folder.mkdir()
    (folder / "initialised").touch()
    return Instance("dev", folder, programs, {"sql": 5432}, {"password": "hush"}, tls=tls, jars={"postgres": [folder]})


def settings(place: Instance) -> dict[str, str]:
    postgres.prepare(place)
    argv = postgres.command(place).argv
    pairs = [argv[at + 1].partition("=") for at, word in enumerate(argv) if word == "-c"]
    return {name: value for name, _, value in pairs}


def test_it_has_no_line_for_a_connection_without_tls_and_wants_a_password(place: Instance) -> None:
    found = settings(place)

    lines = [line.split() for line in Path(found["hba_file"]).read_text().splitlines()]
    assert lines
    assert {(line[0], line[-1]) for line in lines} == {("hostssl", "scram-sha-256")}


def test_it_speaks_tls_1_3_with_the_suites_of_the_other_servers(place: Instance) -> None:
    found = settings(place)

    assert (found["ssl"], found["ssl_min_protocol_version"]) == ("on", "TLSv1.3")
    assert found["ssl_tls13_ciphers"] == "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    assert Path(found["ssl_key_file"]).stat().st_mode & 0o077 == 0


def test_any_program_of_libpq_checks_the_server_with_the_address_alone(place: Instance) -> None:
    exported = postgres.exports(place)

    found = conninfo_to_dict(exported["REGISTRY_DATABASE_URL"])
    assert (found["sslmode"], found["sslrootcert"]) == ("verify-full", exported["REGISTRY_DATABASE_CAFILE"])
    assert exported["REGISTRY_DATABASE_CAFILE"] == str(place.folder.parent / "tls" / "ca.pem")
