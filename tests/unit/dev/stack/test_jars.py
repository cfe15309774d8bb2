import tarfile
from pathlib import Path

from workers.dev.stack.jars import unpack


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


def test_no_temporary_folder_is_left(tmp_path: Path) -> None:
    folder = unpack(archive(tmp_path, "one"), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == [folder]
