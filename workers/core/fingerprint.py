"""The hash of a JSON document's contents, independent of its formatting."""

import hashlib
import json
from decimal import Decimal
from typing import Any


def fingerprint(text: str) -> str:
    """Return the SHA-256 of a JSON text in canonical form, as ``canonical_hash`` makes it. Raises ``ValueError``."""
    return canonical_hash(json.loads(text, parse_float=Decimal))


def canonical_hash(document: Any) -> str:
    """Return the SHA-256 in hex of a document with keys sorted, no blanks, and fractions with all their digits.

    Raises ``TypeError``, ``ValueError`` and ``RecursionError`` for values that JSON cannot express.
    """
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
