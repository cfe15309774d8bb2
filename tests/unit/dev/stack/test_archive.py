import tarfile
from pathlib import Path

from workers.dev.stack.archive import unpacked


def archive(folder: Path, content: str) -> Path:
    (folder / "file").write_text(content)
    with tarfile.open(folder / "thing-1.0.tar.gz", "w:gz") as tar:
        tar.add(folder / "file", "thing/file")
    return folder / "thing-1.0.tar.gz"


def test_an_archive_is_unpacked_once(tmp_path: Path) -> None:
    file = archive(tmp_path, "one")
    folder = unpacked(file, tmp_path / "cache")
    (folder / "mark").touch()
    assert unpacked(file, tmp_path / "cache") == folder
    assert (folder / "mark").exists()
    assert (folder / "thing" / "file").read_text() == "one"


def test_another_content_gets_another_folder(tmp_path: Path) -> None:
    first = unpacked(archive(tmp_path, "one"), tmp_path / "cache")
    second = unpacked(archive(tmp_path, "two"), tmp_path / "cache")
    assert first != second
    assert (second / "thing" / "file").read_text() == "two"


def test_nothing_temporary_stays(tmp_path: Path) -> None:
    folder = unpacked(archive(tmp_path, "one"), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == [folder]
