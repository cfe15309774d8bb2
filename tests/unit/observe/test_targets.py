import json
from pathlib import Path

from workers.observe.targets import listed_as_target


def test_a_process_is_a_target_with_the_labels_of_a_pod_while_it_runs(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "targets"
    with listed_as_target(folder, "telemetry", "127.0.0.1", 9464):
        (file,) = folder.iterdir()
        assert json.loads(file.read_text()) == [
            {
                "targets": ["127.0.0.1:9464"],
                "labels": {"namespace": "local", "pod": "telemetry-9464", "worker": "telemetry"},
            }
        ]
        assert file.suffix == ".json"
    assert list(folder.iterdir()) == []


def test_a_restarted_process_replaces_its_target_and_a_replica_adds_one(tmp_path: Path) -> None:
    with (
        listed_as_target(tmp_path, "telemetry", "127.0.0.1", 1),
        listed_as_target(tmp_path, "telemetry", "127.0.0.1", 2),
    ):
        assert sorted(file.name for file in tmp_path.iterdir()) == ["telemetry-1.json", "telemetry-2.json"]
        (tmp_path / "telemetry-1.json").write_text("left behind by a killed process")
        with listed_as_target(tmp_path, "telemetry", "127.0.0.1", 1):
            assert json.loads((tmp_path / "telemetry-1.json").read_text())[0]["targets"] == ["127.0.0.1:1"]
