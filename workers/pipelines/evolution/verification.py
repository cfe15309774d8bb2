"""Whether the graph is as a migration should have left it."""

from collections.abc import Mapping
from typing import Any

from workers.core.fingerprint import fingerprint

SHOWN_MODELS = 3


def wrong(row: Mapping[str, Any]) -> str | None:
    """Return the first thing that is wrong, ``None`` where nothing is. The row is one of ``questions.DUE``."""
    currents, version = row["currents"], row["version"]
    if currents != [version]:
        return f"the schema's current versions are {currents}, and not {version} alone"
    found = None if row["json_schema"] is None else fingerprint(row["json_schema"])
    if found != row["hash"]:
        return f"the JSON Schema in the graph has the hash {found}, and not {row['hash']}"
    if row["left_behind"]:
        return f"{_shown(row['left_behind'])} still use {row['from_version']}"
    if row["astray"]:
        return f"{_shown(row['astray'])} do not use {version}"
    return None


def _shown(models: list[str]) -> str:
    more = len(models) - SHOWN_MODELS
    return ", ".join(models[:SHOWN_MODELS]) + (f" and {more} more models" if more > 0 else "")
