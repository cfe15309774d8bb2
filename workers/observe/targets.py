"""How a Prometheus on the same machine finds this process: by a file in the folder of its file_sd_configs."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

NAMESPACE = "local"
"""The label that is the namespace of Kubernetes where a PodMonitor finds the process."""


@contextmanager
def listed_as_target(folder: Path, worker: str, host: str, port: int) -> Iterator[None]:
    """Keep ``/metrics`` of ``host:port`` among the targets in ``folder``, with the labels that a PodMonitor sets.

    A restarted process replaces its file, because ``fleet`` keeps its port. That of a killed process stays, and
    Prometheus sees the process down.
    """
    name = f"{worker}-{port}"
    labels = {"namespace": NAMESPACE, "pod": name, "worker": worker}
    folder.mkdir(parents=True, exist_ok=True)
    file, fresh = folder / f"{name}.json", folder / f"{name}.new"
    fresh.write_text(json.dumps([{"targets": [f"{host}:{port}"], "labels": labels}]))
    fresh.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def listed_targets(folder: Path) -> Sequence[str]:
    """Return the addresses of the workers of this machine, ``http://host:port``, in the order of their names."""
    files = sorted(folder.glob("*.json"))
    return [
        f"http://{address}" for file in files for each in json.loads(file.read_text()) for address in each["targets"]
    ]
