"""The chart as Helm renders it."""

import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
CHART = ROOT / "helm"
VALUES = CHART / "tests" / "values"
VALUE_SETS = sorted(each.stem for each in VALUES.glob("*.yaml"))
RELEASE, NAMESPACE = "graph", "llm"
OLDEST, NEWEST = "1.30.0", "1.37.0"
"""Of Kubernetes: what Chart.yaml asks for, and the last one that the package of schemas has."""
WHERE = ("--namespace", NAMESPACE, "--kube-version", NEWEST)


class Manifests(NamedTuple):
    """What one rendering made."""

    text: str
    objects: list[dict[str, Any]]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the objects of a kind by their names."""
        return {each["metadata"]["name"]: each for each in self.objects if each["kind"] == kind}

    def pods(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Return the spec of every pod, with a name for it."""
        for each in self.objects:
            match each["kind"]:
                case "Deployment" | "Job":
                    yield f"{each['kind']}/{each['metadata']['name']}", each["spec"]["template"]["spec"]
                case "Pod":
                    yield f"Pod/{each['metadata']['name']}", each["spec"]


class Helm:
    """Runs ``helm`` on the chart."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self.template = cache(self._template)

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command; it may fail."""
        argv = [self._program, *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def lint(self, values: str) -> subprocess.CompletedProcess[str]:
        """Run ``helm lint --strict`` with one value file."""
        return self.run("lint", "--strict", CHART, "--values", VALUES / f"{values}.yaml", *WHERE)

    def refusal(self, *arguments: str | Path) -> str:
        """Render what must be refused; return the message."""
        done = self.run("template", RELEASE, CHART, *WHERE, *arguments)
        assert done.returncode != 0, "it was rendered"
        return done.stderr

    def _template(self, values: str = "default", *arguments: str | Path, chart: Path = CHART) -> Manifests:
        named = ("--values", VALUES / f"{values}.yaml")
        done = self.run("template", RELEASE, chart, *WHERE, *named, *arguments)
        assert done.returncode == 0, done.stderr
        return Manifests(done.stdout, [each for each in YAML(typ="safe").load_all(done.stdout) if each])


def variables(container: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment of a container."""
    return {each["name"]: each["value"] for each in container["env"]}


def secret_files(pod: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the Secret and the key of each mounted secret file of a pod."""
    volume = next(each for each in pod["volumes"] if each["name"] == "secrets")
    return {
        item["path"]: (source["secret"]["name"], item["key"])
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }
