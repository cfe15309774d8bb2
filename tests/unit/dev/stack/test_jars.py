import platform
import tarfile
import zipfile
from pathlib import Path

import pytest

from workers.dev.stack.jars import PLATFORMS, files_here, locked_files, unpack


def archive(folder: Path, content: str) -> Path:
    (folder / "file").write_text(content)
    with tarfile.open(folder / "thing-1.0.tar.gz", "w:gz") as tar:
        tar.add(folder / "file", "thing/file")
    return folder / "thing-1.0.tar.gz"


def test_an_archive_is_unpacked_once(tmp_path: Path) -> None:
    file = archive(tmp_path, "one")
    folder = unpack(file, tmp_path / "cache")
    (folder / "mark").touch()
    assert unpack(file, tmp_path / "cache") == folder
    assert (folder / "mark").exists()
    assert (folder / "thing" / "file").read_text() == "one"


def test_archives_with_other_contents_get_their_own_folder(tmp_path: Path) -> None:
    first = unpack(archive(tmp_path, "one"), tmp_path / "cache")
    second = unpack(archive(tmp_path, "two"), tmp_path / "cache")
    assert first != second
    assert (second / "thing" / "file").read_text() == "two"


def test_an_archive_in_a_jar_is_unpacked_with_the_rights_of_its_programs(tmp_path: Path) -> None:
    (tmp_path / "program").touch(mode=0o755)
    with tarfile.open(tmp_path / "thing.txz", "w:xz") as tar:
        tar.add(tmp_path / "program", "bin/program")
    with zipfile.ZipFile(tmp_path / "thing-1.0.jar", "w") as jar:
        jar.write(tmp_path / "thing.txz", "thing.txz")
        jar.writestr("META-INF/MANIFEST.MF", "")
    folder = unpack(tmp_path / "thing-1.0.jar", tmp_path / "cache")
    assert folder.name.startswith("thing-1.0-")
    assert (folder / "bin" / "program").stat().st_mode & 0o111 == 0o111


@pytest.mark.parametrize("machine", PLATFORMS)
def test_each_machine_gets_its_own_programs_alone(machine: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(("system", "machine"), machine, strict=True):
        monkeypatch.setattr(platform, name, lambda value=value: value)
    (file,) = files_here("postgres")
    assert file.artifactId.endswith(PLATFORMS[machine])
    assert len(files_here("kafka")) == len(locked_files("kafka"))


def test_no_temporary_folder_is_left(tmp_path: Path) -> None:
    folder = unpack(archive(tmp_path, "one"), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == [folder]
