"""A stand-in for the base image, because no container registry can be asked here.

It holds this machine's Python where the official image has its own, pip beside it, and the few programs of Debian's
slim image that the Dockerfile uses. There is no compiler, no git and nothing else of this machine in it, except the
shared libraries of /usr/lib, mounted read-only. This proves what the Dockerfile does. It does not prove what the real
base image holds, that its digest exists, or that the wheels for its version of Python work.
"""

import shutil
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

PROGRAMS = ("sh", "chmod", "cp", "find", "id", "mkdir", "rm", "setpriv", "touch")
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
FOLDERS = ("dev", "etc", "proc", "root", "tmp", "usr/bin", "usr/local/bin", "usr/local/lib", "wheels")
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/local/sbin:/usr/bin:/bin",
    "LD_LIBRARY_PATH": "/usr/local/lib",  # the official image has run ldconfig instead
}
NOT_IN_THE_SLIM_IMAGE = ("site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__", "config-*")


def make_base_image(folder: Path) -> Path:
    """Write the stand-in to ``folder``, and return it."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "etc/hosts").write_text("127.0.0.1 localhost\n")  # an engine writes it
    (folder / "bin").symlink_to("usr/bin")
    for library in map(Path, LIBRARIES):
        _place(library, folder / library.relative_to("/"))
    for program in PROGRAMS:
        if found := shutil.which(program):
            shutil.copy(found, folder / "usr/bin" / program)
    folder.chmod(0o755)  # temporary folders are for their user alone
    _place_python(folder / "usr/local")
    return folder


def _place(library: Path, target: Path) -> None:
    if library.is_symlink():
        target.symlink_to(library.readlink())
    elif library.is_dir():
        target.mkdir()


def _place_python(prefix: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copy(Path(sys.base_prefix, "bin", version).resolve(), prefix / "bin" / version)
    for name in ("python3", "python"):
        (prefix / "bin" / name).symlink_to(version)
    standard_library = prefix / "lib" / version
    ignored = shutil.ignore_patterns(*NOT_IN_THE_SLIM_IMAGE)
    shutil.copytree(sysconfig.get_path("stdlib"), standard_library, symlinks=True, ignore=ignored)
    for library in Path(sys.base_prefix, "lib").glob(f"lib{version}*.so*"):
        shutil.copy(library, prefix / "lib", follow_symlinks=False)
    _place_pip(standard_library)


def _place_pip(standard_library: Path) -> None:
    """Copy pip as it is installed; Debian's Python looks for it under another name."""
    site_packages = standard_library / "site-packages"
    site_packages.mkdir()
    (standard_library / "dist-packages").symlink_to("site-packages")
    for file in distribution("pip").files or ():
        if file.parts[0] != ".." and file.suffix != ".pyc":
            target = site_packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), target)
