"""Check the signatures of checkpoints: Ed25519, by the public keys of Transit or of a file."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from workers.core.errors import Misconfigured

SIGNATURE = re.compile(r"vault:v(\d+):([A-Za-z0-9+/]+=*)")
PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


class Signatures(Protocol):
    """Knows the public keys."""

    def key_of(self, payload: bytes, signature: str) -> bytes | None:
        """Return the key that the signature is valid with, as PEM; ``None`` where there is none."""
        ...


class PublicKeys:
    """The versions of one key. A signature names its version; keys without versions (0) are all tried.

    Each key is the 32 bytes of it, so that another process can get it.
    """

    def __init__(self, keys: Mapping[int, Sequence[bytes]]) -> None:
        self._keys = keys

    def key_of(self, payload: bytes, signature: str) -> bytes | None:
        if (parts := SIGNATURE.fullmatch(signature)) is None:
            return None
        try:
            raw = base64.b64decode(parts[2], validate=True)
        except binascii.Error:
            return None
        for each in (*self._keys.get(int(parts[1]), ()), *self._keys.get(0, ())):
            key = Ed25519PublicKey.from_public_bytes(each)
            try:
                key.verify(raw, payload)
            except InvalidSignature:
                continue
            return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return None


def keys_of_transit(versions: Mapping[int, str]) -> PublicKeys:
    """Return the public keys of Transit: base64 of 32 bytes, by version."""
    return PublicKeys({version: [base64.b64decode(key)] for version, key in versions.items()})


def keys_of_file(file: Path) -> PublicKeys:
    """Return the public keys of a PEM file, which may hold several. Raises ``Misconfigured``."""
    try:
        keys = [load_pem_public_key(block) for block in PEM.findall(file.read_bytes())]
    except (OSError, ValueError) as error:
        raise Misconfigured(f"--public-key {file} cannot be read ({error}): name a PEM file of Ed25519 keys") from error
    ed25519 = [key for key in keys if isinstance(key, Ed25519PublicKey)]
    if not ed25519 or len(ed25519) < len(keys):
        raise Misconfigured(f"--public-key {file} has no Ed25519 keys alone: name a PEM file of Ed25519 public keys")
    return PublicKeys({0: [each.public_bytes_raw() for each in ed25519]})
