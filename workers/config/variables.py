"""The environment variable of each setting."""

from pydantic import SecretStr
from pydantic.fields import FieldInfo

# Names that the ecosystem already uses, where they are not "group, underscore, field".
RENAMED = {
    ("otel", "endpoint"): "OTEL_EXPORTER_OTLP_ENDPOINT",
    ("otel", "protocol"): "OTEL_EXPORTER_OTLP_PROTOCOL",
    ("otel", "traces_protocol"): "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    ("topology_path",): "MEMORY_GRAPH_TOPOLOGY",
}
SHARED = {"tls_min_version": "TLS_MIN_VERSION"}
"""Fields that every group has, and that one variable sets for all."""


def variable_of(path: tuple[str, ...]) -> str:
    """Return the environment variable of a settings field, such as ``("neo4j", "uri")``."""
    return RENAMED.get(path) or SHARED.get(path[-1]) or "_".join(path).upper()


def is_secret(field: FieldInfo) -> bool:
    """Tell whether a settings field may also come from a file, and must never be shown."""
    return field.annotation is SecretStr
