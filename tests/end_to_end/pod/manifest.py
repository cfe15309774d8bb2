"""The parts of a rendered pod that the kubelet reads."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]
Files = Mapping[tuple[str, str], Mapping[str, str]]
"""The contents of each ConfigMap and Secret, by kind and name."""
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def files_of(objects: Iterable[Json]) -> Files:
    """Return the contents of ConfigMaps and Secrets."""
    return {
        (each["kind"], each["metadata"]["name"]): each.get("stringData") or each.get("data") or {}
        for each in objects
        if each["kind"] in {"ConfigMap", "Secret"}
    }


class Probe(NamedTuple):
    """A probe of the container. Times are seconds."""

    path: str
    delay: float
    period: float
    timeout: float
    failures: int

    @classmethod
    def read(cls, spec: Json) -> "Probe":
        """Read a probe, with the defaults of Kubernetes."""
        return cls(
            path=spec["httpGet"]["path"],
            delay=spec.get("initialDelaySeconds", 0),
            period=spec.get("periodSeconds", 10),
            timeout=spec.get("timeoutSeconds", 1),
            failures=spec.get("failureThreshold", 3),
        )


def memory_bytes(quantity: str) -> int:
    """Read a quantity of memory, such as ``512Mi``."""
    return int(quantity[:-2]) * UNITS[quantity[-2:]]


def write_volume(folder: Path, volume: Json, files: Files) -> bool:
    """Write the files of a volume: ConfigMaps, Secrets, or none. Return whether the container may write there."""
    folder.mkdir(parents=True)
    kind = next(each for each in volume if each != "name")
    if kind == "emptyDir":
        return True
    for source in volume[kind]["sources"] if kind == "projected" else [volume]:
        for path, text in _files(source, files):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    return False


def _files(source: Json, files: Files) -> Iterator[tuple[str, str]]:
    kind, spec = next((each, spec) for each, spec in source.items() if each in {"configMap", "secret"})
    contents = files[kind[0].upper() + kind[1:], spec.get("name") or spec["secretName"]]
    for item in spec.get("items") or [{"key": name, "path": name} for name in contents]:
        yield item["path"], contents[item["key"]]
