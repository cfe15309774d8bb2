"""JSON Schemas of every kind that the chart makes, each from a package.

Those of Kubernetes are in the Python package kubernetes-validate; those of custom resources are in the definitions
that their projects publish as Go modules. Strimzi publishes none in a package: the folder ``strimzi`` has a schema of
each kind, written by hand from the reference of its API, for the fields that the chart sets.
"""

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from workers.dev.stack.go_sources import fetch_source

DEFINITIONS = {
    "github.com/kedacore/keda/v2": (
        "config/crd/bases/keda.sh_scaledobjects.yaml",
        "config/crd/bases/keda.sh_triggerauthentications.yaml",
    ),
    "github.com/prometheus-operator/prometheus-operator": (
        "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ),
    "github.com/cert-manager/cert-manager": ("deploy/crds/cert-manager.io_certificates.yaml",),
    "github.com/external-secrets/external-secrets": ("config/crds/bases/external-secrets.io_externalsecrets.yaml",),
}
BY_HAND = Path(__file__).parent / "strimzi"
ID = re.compile(r',\s*"\$id": "[^"]*"')
ABSOLUTE = '"/api/_definitions.json#'


def write_kubernetes(folder: Path, version: str) -> Path:
    """Write ``<version>/<kind>-<group>-<version>.json`` for each kind of Kubernetes; return the folder of the version.

    The package gives each an address of its own, at which a reference would be fetched: here all are relative.
    """
    package = importlib.util.find_spec("kubernetes_validate")
    assert package is not None
    assert package.origin is not None
    target = folder / version
    target.mkdir()
    for file in (Path(package.origin).parent / "kubernetes-json-schema" / f"v{version}-local-strict").glob("*.json"):
        (target / file.name).write_text(ID.sub("", file.read_text()).replace(ABSOLUTE, '"_definitions.json#'))
    return target


def write_custom_resources(folder: Path, cache: Path) -> Path:
    """Write ``<group>/<kind>_<version>.json`` for each kind; return the folder."""
    for module, paths in DEFINITIONS.items():
        source = fetch_source(module, cache)
        for path in paths:
            for name, schema in _schemas(YAML(typ="safe").load(source / path)):
                _write(folder / name, closed(schema))
    for kind in ("KafkaTopic", "KafkaUser"):
        for version in ("v1", "v1beta2"):
            schema = json.loads((BY_HAND / f"{kind}.json").read_text())
            _write(folder / f"kafka.strimzi.io/{kind.lower()}_{version}.json", schema)
    return folder


def _schemas(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    spec = definition["spec"]
    for version in spec["versions"]:
        name = f"{spec['group']}/{spec['names']['kind'].lower()}_{version['name']}.json"
        yield name, version["schema"]["openAPIV3Schema"]


def _write(path: Path, schema: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema))


def closed(schema: Any) -> Any:
    """Return the schema without room for fields that it does not name, as Kubernetes would remove them."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    inner = {name: closed(each) for name, each in schema.items()}
    open_ = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if schema.get("type") == "object" and "properties" in schema and not open_:
        inner["additionalProperties"] = False
    return inner
