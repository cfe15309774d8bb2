from pathlib import Path

import pytest

from workers.dev.stack.progress import ProgressLines
from workers.dev.stack.servers import SERVERS, kafka
from workers.dev.stack.start import Starter, new_password
from workers.dev.stack.state import StackState


def test_no_password_looks_like_an_option_of_a_tool() -> None:
    assert all(new_password().isalnum() for _ in range(1_000))
    assert new_password() != new_password()


def test_no_secret_of_any_server_looks_like_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def remembered() -> str:
        made.append(new_password())
        return made[-1]

    monkeypatch.setattr("workers.dev.stack.start.new_password", remembered)
    state = StackState(name="a", folder=tmp_path / "a", secure=True)
    starter = Starter(tmp_path, state, ProgressLines(), well_known_ports=False)
    secrets = [
        secret
        for server in SERVERS.values()
        for secret in starter._instance(server, {}, fresh_ports=True).secrets.values()  # noqa: SLF001 - the one place of secrets
    ]
    assert secrets == made
    assert len(secrets) > len(SERVERS) / 2


def test_no_id_of_a_cluster_looks_like_one() -> None:
    assert all(kafka._cluster_id()[0].isalpha() for _ in range(1_000))  # noqa: SLF001 - it is an argument of Kafka's tool
