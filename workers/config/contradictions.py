"""Settings that contradict each other. Each check raises ``ValueError`` with variable, value and fix."""

from pathlib import Path

from pydantic import SecretStr

NOTHING: tuple[object, ...] = (None, "", SecretStr(""))


def require_both(first: tuple[str, object], second: tuple[str, object]) -> None:
    """Raise where one of two settings, each with its variable, is set without the other."""
    for (name, value), (other, missing) in ((first, second), (second, first)):
        if value not in NOTHING and missing in NOTHING:
            shown = "(hidden)" if isinstance(value, SecretStr) else value
            raise ValueError(f"{name}={shown} needs {other}, which is not set; set it, or unset {name}")


def require_key(variable: str, password: SecretStr, key: Path | None) -> None:
    """Raise for the password of a key that is not named."""
    if password not in NOTHING and key is None:
        raise ValueError(
            f"{variable}_PASSWORD is set without {variable}FILE; name the key's file, or unset the password"
        )


def require_tls(variable: str, file: Path | None, used: bool, address: str, fix: str) -> None:  # noqa: FBT001 - read as a sentence
    """Raise for a file that is for TLS, beside an ``address`` (variable and value) that does not use it."""
    if file is not None and not used:
        raise ValueError(f"{variable}={file} is for TLS, but {address} does not use it; {fix}, or unset {variable}")
