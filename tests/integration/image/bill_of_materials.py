"""The bill of materials of the image, in CycloneDX: ``make image-sbom`` writes it.

It lists what the build has installed. The versions are those of the hash lock, whatever Python builds here.
"""

import json
import subprocess
import sys
import venv
from importlib.metadata import Distribution, distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.conftest import HOME
from tests.integration.image.base_image import make_base_image
from tests.integration.image.build import Image
from tests.integration.image.build_image import ROOT, build_image, wheelhouse

OPTIONS = ("--output-reproducible", "--mc-type", "application", "--spec-version", "1.6", "--no-validate")
KEPT = ("type", "name", "version", "purl", "licenses")


def bill_of_materials(image: Image) -> str:
    """Return the same text for the same packages: it has no time and no random number."""
    site_packages = next(image.root.glob("opt/memory-graph/lib/python*/site-packages"))
    bill = json.loads(_packages(site_packages))
    wheels = {wheel.metadata["Name"]: wheel for wheel in distributions(path=[str(site_packages)])}
    for component in bill["components"]:
        if inside := _inside_the_wheel(wheels[component["name"]]):
            component["components"] = inside
    return json.dumps(bill, indent=2)


def _packages(site_packages: Path) -> str:
    """Return the bill of the packages alone. The tool wants an interpreter, so it gets one that sees these packages."""
    with TemporaryDirectory() as folder:
        venv.create(folder, symlinks=True)
        own = next(Path(folder).glob("lib/python*/site-packages"))
        own.rmdir()
        own.symlink_to(site_packages)
        command = [sys.executable, "-m", "cyclonedx_py", "environment", *OPTIONS, f"--pyproject={ROOT}/pyproject.toml"]
        return subprocess.run([*command, folder], capture_output=True, text=True, check=True).stdout


def _inside_the_wheel(wheel: Distribution) -> list[dict[str, Any]]:
    """Return what a wheel says of the libraries compiled into it: PEP 770's bills, where it has some."""
    files = [file for file in wheel.files or () if "sboms" in file.parts]
    inside = [each for file in files for each in json.loads(file.read_text()).get("components", ())]
    parts = [{name: each[name] for name in KEPT if name in each} for each in inside]
    return sorted(parts, key=lambda part: (part["name"], part.get("version", "")))


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        wheels = wheelhouse(ROOT / ".requirements-image.lock", HOME)
        built = build_image(ROOT, wheels, make_base_image(Path(scratch, "base")), Path(scratch, "image"))
        target = HOME / "image" / "sbom.cdx.json"
        target.write_text(bill_of_materials(built))
        print(target)  # noqa: T201 - where it is
