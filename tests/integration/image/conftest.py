"""The image is built once for all tests here, and a second time to compare the two. No servers are needed."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import HOME
from tests.integration.image.base_image import make_base_image
from tests.integration.image.build import Image, sent_files
from tests.integration.image.build_image import ROOT, build_image, wheelhouse
from tests.integration.image.clean_root import CleanRoot
from tests.integration.image.tree import Tree, layers, tree


@pytest.fixture(scope="module", autouse=True)
def environment_of_the_stack() -> None:
    """Start no stack: the image is looked at without servers."""


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base_image(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def images(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Image, Image]:
    """Two builds at once: of this clone, and of one with another path, other times and other modes of its files."""
    clone = tmp_path_factory.mktemp("another-clone")
    for name in (".dockerignore", *sent_files(ROOT)):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, clone / name)
        (clone / name).chmod(0o600)
    wheels = wheelhouse(ROOT / ".requirements-image.lock", HOME)
    with ThreadPoolExecutor() as pool:
        builds = [
            pool.submit(build_image, context, wheels, base, tmp_path_factory.mktemp("image"))
            for context in (ROOT, clone)
        ]
        first, second = (build.result() for build in builds)
    return first, second


@pytest.fixture(scope="session")
def image(images: tuple[Image, Image]) -> Image:
    return images[0]


@pytest.fixture(scope="session")
def second_image(images: tuple[Image, Image]) -> Image:
    return images[1]


@pytest.fixture(scope="session")
def our_layers(image: Image, base: Path) -> Tree:
    return layers(tree(image.root), tree(base))


@pytest.fixture
def container(image: Image) -> CleanRoot:
    """The image as Kubernetes runs it: its user, a read-only root, a writable /tmp."""
    return CleanRoot(image.root, image.user, read_only=True)
