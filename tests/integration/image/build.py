"""Build the image without an engine: execute the instructions of the Dockerfile in clean roots."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from docker.utils.build import exclude_paths  # type: ignore[import-untyped]  # it ships no types
from dockerfile_parse.util import get_key_val_dictionary

from tests.integration.image.base_image import ENVIRONMENT
from tests.integration.image.clean_root import CleanRoot, User
from tests.integration.image.dockerfile import Instruction, Stage

WHEELS = "/wheels"
FROM_WHEELS_ALONE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS}


class BuildFailedError(Exception):
    """Raised with the line of the Dockerfile, and what went wrong there."""


@dataclass
class Image:
    """The files of a stage with its configuration, while it is built and afterwards."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(ENVIRONMENT))
    arguments: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    ports: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    user: User = field(default_factory=User)
    workdir: str = "/"

    def derived(self, root: Path) -> "Image":
        """Return what FROM begins with: the same files and configuration, but no arguments."""
        shutil.copytree(self.root, root, symlinks=True, copy_function=os.link)
        return replace(
            self,
            root=root,
            environment=dict(self.environment),
            arguments={},
            labels=dict(self.labels),
            ports=list(self.ports),
        )

    def path(self, inside: str) -> Path:
        """Return where this machine has a path of the image; relative ones begin in its working folder."""
        return self.root / Path(self.workdir, inside).relative_to("/")


class Build:
    """Executes stages one after the other, offline: pip finds ``wheels`` alone. ``images`` has each stage's by name."""

    def __init__(self, context: Path, wheels: Path, base: Path, folder: Path) -> None:
        self._context = context
        self._wheels = wheels
        self._base = base
        self._folder = folder
        self.images: dict[str, Image] = {}
        self._steps: dict[str, Callable[[Image, Instruction], None]] = {
            "ARG": self._arg,
            "COPY": self._copy,
            "ENTRYPOINT": self._entrypoint,
            "ENV": self._env,
            "EXPOSE": self._expose,
            "LABEL": self._label,
            "RUN": self._run,
            "USER": self._user,
            "WORKDIR": self._workdir,
        }

    def execute(self, stage: Stage) -> Image:
        """Return the image of this stage. Raises ``BuildFailedError``."""
        before = self.images.get(stage.base) or Image(self._base)
        image = self.images[stage.name] = before.derived(self._folder / stage.name)
        for instruction in stage.instructions:
            step = self._steps.get(instruction.name)
            if step is None:
                raise _failed(instruction, "the test does not execute this: add it to tests/integration/image/build.py")
            step(image, instruction)
        return image

    def _arg(self, image: Image, instruction: Instruction) -> None:
        name, _, default = instruction.value.partition("=")
        image.arguments[name] = default

    def _env(self, image: Image, instruction: Instruction) -> None:
        values = get_key_val_dictionary(
            instruction.value, env_replace=True, args=image.arguments, envs=image.environment
        )
        image.environment.update(values)

    def _label(self, image: Image, instruction: Instruction) -> None:
        image.labels.update(get_key_val_dictionary(instruction.value))

    def _expose(self, image: Image, instruction: Instruction) -> None:
        image.ports += instruction.value.split()

    def _entrypoint(self, image: Image, instruction: Instruction) -> None:
        image.entrypoint = instruction.command()

    def _user(self, image: Image, instruction: Instruction) -> None:
        uid, _, gid = instruction.value.partition(":")
        image.user = User(int(uid), int(gid or 0))

    def _workdir(self, image: Image, instruction: Instruction) -> None:
        image.workdir = str(Path(image.workdir, instruction.value))
        image.path(".").mkdir(parents=True, exist_ok=True)

    def _run(self, image: Image, instruction: Instruction) -> None:
        if "mount" in instruction.flags:
            image.path(_cache_target(instruction)).mkdir(parents=True, exist_ok=True)
        root = CleanRoot(image.root, image.user, mounts={WHEELS: self._wheels})
        environment = {"HOME": "/root", **image.arguments, **image.environment, **FROM_WHEELS_ALONE}
        finished = root.run(instruction.command(), environment, image.workdir)
        if finished.returncode:
            raise _failed(instruction, f"exit code {finished.returncode}\n{finished.stdout}\n{finished.stderr}")

    def _copy(self, image: Image, instruction: Instruction) -> None:
        *sources, target = instruction.value.split()
        if unknown := instruction.flags.keys() - {"from"}:
            raise _failed(
                instruction, f"the test knows no --{unknown.pop()}: add it to tests/integration/image/build.py"
            )
        origin = self.images[instruction.flags["from"]].root if instruction.flags else self._sent()
        for source in sources:
            found = origin / source.lstrip("/")
            if not found.exists():
                raise _failed(instruction, f"{source} is not there, or .dockerignore leaves it out")
            _place(found, image.path(target), into=target.endswith(("/", ".")))

    def _sent(self) -> Path:
        """Return a folder with the files of the context that .dockerignore leaves in."""
        sent = self._folder / "context"
        if not sent.exists():
            for name in sent_files(self._context):
                (sent / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self._context / name, sent / name)
        return sent


def sent_files(context: Path) -> list[str]:
    """Return the files of a context that a build gets, in order."""
    lines = (context / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    names = exclude_paths(str(context), patterns) - {"Dockerfile", ".dockerignore"}
    return sorted(name for name in names if (context / name).is_file())


def _place(found: Path, target: Path, *, into: bool) -> None:
    if found.is_dir():
        shutil.copytree(found, target, symlinks=True, dirs_exist_ok=True)
        return
    target = target / found.name if into or target.is_dir() else target
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(found, target, follow_symlinks=False)


def _failed(instruction: Instruction, why: str) -> BuildFailedError:
    return BuildFailedError(f"Dockerfile, line {instruction.line}, {instruction.name}: {why}")


def _cache_target(instruction: Instruction) -> str:
    mount = dict(part.split("=") for part in instruction.flags["mount"].split(","))
    if mount.keys() != {"type", "target"} or mount["type"] != "cache":
        raise _failed(instruction, "the test mounts caches alone: add others to tests/integration/image/build.py")
    return mount["target"]
