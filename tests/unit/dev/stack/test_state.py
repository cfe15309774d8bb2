import json
import stat
from pathlib import Path

from workers.dev.stack.process import ProcessIdentity
from workers.dev.stack.state import ServerState, StackState, all_states, load_state, stack_names


def kafka() -> ServerState:
    return ServerState(
        ports={"client": 9092},
        secrets={"password": "hush"},
        environment={"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092"},
        process=ProcessIdentity(pid=7, started="boot/123"),
    )


def test_a_saved_state_is_loaded_again(tmp_path: Path) -> None:
    state = StackState(name="dev", folder=tmp_path / "dev", servers={"kafka": kafka()})
    state.save()
    assert load_state(tmp_path, "dev") == state


def test_only_the_owner_can_read_the_file_also_after_a_second_save(tmp_path: Path) -> None:
    state = StackState(name="dev", folder=tmp_path / "dev", servers={"kafka": kafka()})
    state.save()
    state.save()
    assert stat.S_IMODE((tmp_path / "dev" / "state.json").stat().st_mode) == 0o600


def test_the_file_can_be_moved_with_its_folder(tmp_path: Path) -> None:
    StackState(name="dev", folder=tmp_path / "dev", servers={"kafka": kafka()}).save()
    assert "folder" not in json.loads((tmp_path / "dev" / "state.json").read_text())


def test_an_unknown_stack_has_no_servers(tmp_path: Path) -> None:
    assert load_state(tmp_path, "dev").servers == {}


def test_the_environment_has_the_settings_of_all_servers(tmp_path: Path) -> None:
    openbao = ServerState(environment={"VAULT_ADDR": "http://127.0.0.1:8200"})
    state = StackState(name="dev", folder=tmp_path, servers={"kafka": kafka(), "openbao": openbao})
    assert state.environment == {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        "VAULT_ADDR": "http://127.0.0.1:8200",
    }


def test_all_states_finds_every_stack_and_no_other_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        StackState(name=name, folder=tmp_path / name).save()
    (tmp_path / "cache").mkdir()
    assert [state.name for state in all_states(tmp_path)] == stack_names(tmp_path) == ["one", "two"]
