"""The environment of a process that another one starts, with the secrets of the servers that it uses and no others."""

from collections.abc import Collection, Iterator, Mapping

from pydantic import BaseModel

from workers.config.settings import Settings
from workers.config.variables import is_secret, variable_of

EVERY_WORKER = frozenset({"kafka", "schema_registry", "neo4j"})
"""The groups of settings of the servers that every worker uses."""


def environment_for(servers: Collection[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the secrets of all groups of settings but ``servers`` and ``EVERY_WORKER``."""
    hidden = {name for group, name in _secrets() if group not in EVERY_WORKER and group not in servers}
    return {name: value for name, value in environment.items() if name.removesuffix("_FILE") not in hidden}


def _secrets() -> Iterator[tuple[str, str]]:
    """Yield the group and the variable of each secret."""
    for group, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for name, inner in model.model_fields.items():
                if is_secret(inner):
                    yield group, variable_of((group, name))
