"""The licences that the image may contain. This is the one place to allow another one."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from license_expression import get_spdx_licensing  # type: ignore[import-untyped]  # it ships no types

SPDX = get_spdx_licensing()

ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSD-3-Clause-Modification",  # asks for a notice in files that are changed; we change none
        "BSL-1.0",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",  # asks for the source of files that are changed; we change none
        "PSF-2.0",
        "Python-2.0",
        "Unicode-3.0",
        "Unicode-DFS-2016",
        "Unlicense",
        "Zlib",
    }
)

READ_BY_A_PERSON = {
    "aiohttp-cors": ("Apache-2.0", "the text in its LICENSE"),
    "aiosignal": ("Apache-2.0", "the text in its LICENSE"),
    "async-timeout": ("Apache-2.0", "the notice in its LICENSE"),
    "confluent-kafka": ("Apache-2.0", "the text in its LICENSE, before those of the C libraries in the wheel"),
    "faust-streaming": ("BSD-3-Clause", "the text in its LICENSE"),
    "jsoncompat": ("MIT", "the bill of materials in its wheel, and Cargo.toml in its repository"),
    "kafka-python": ("Apache-2.0", "__license__ in kafka/__init__.py; its wheel has no text"),
    "mode-streaming": ("BSD-3-Clause", "the text in its LICENSE"),
    "openssl": ("Apache-2.0", "the licence of OpenSSL since 3.0; it is inside cryptography's wheel"),
    "pg8000": ("BSD-3-Clause", "the text in its LICENSE"),
    "protobuf": ("BSD-3-Clause", "the text in its LICENSE"),
    "rfc8785": ("Apache-2.0", "the text in its LICENSE"),
    "sortedcontainers": ("Apache-2.0", "the notice in its LICENSE"),
    "venusian": ("BSD-3-Clause-Modification", "the four clauses in its LICENSE.txt"),
}
"""Packages whose metadata names no licence of SPDX: the licence, and where a person has read it."""


class Licence(NamedTuple):
    """What a package is licensed under, as an expression of SPDX; empty where nobody knows."""

    package: str
    expression: str


def licences(bill: str) -> list[Licence]:
    """Return the licence of each component of a bill of materials, those inside of wheels too."""
    return [Licence(component["name"], _expression(component)) for component in _all(json.loads(bill)["components"])]


def refused(licence: Licence) -> str | None:
    """Return why this licence may not be in the image, or None."""
    if not licence.expression:
        return f"{licence.package} names no licence of SPDX: read it, and add it to READ_BY_A_PERSON"
    if not _allowed(SPDX.parse(licence.expression)):
        return f"{licence.package} is licensed under {licence.expression}, which is not among ALLOWED"
    return None


def _all(components: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from _all(component.get("components", ()))


def _expression(component: dict[str, Any]) -> str:
    """Join what is stated; the classifiers of PyPI beside it are left out, because they name no version."""
    if component["name"] in READ_BY_A_PERSON:
        return READ_BY_A_PERSON[component["name"]][0]
    stated = component.get("licenses", ())
    found = [entry.get("expression") or entry["license"].get("id") for entry in stated]
    return " AND ".join(f"({expression})" for expression in found if expression)


def _allowed(parsed: Any) -> bool:
    alternatives = getattr(parsed, "operator", "").strip()
    if alternatives:
        return (any if alternatives == "OR" else all)(map(_allowed, parsed.args))
    return str(parsed) in ALLOWED
