"""The options that verbs of ``memory-graph audit`` share."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

PublicKeyOption = Annotated[
    Path | None,
    typer.Option("--public-key", help="PEM file of the public keys of checkpoints; default: those of the vault."),
]


def millis(option: str, text: str | None) -> int | None:
    """Return the epoch milliseconds of an option: a time, or an age such as 2d. Raises ``Misconfigured``."""
    from workers.ops.dead_letters.selection import point_in_time  # noqa: PLC0415 - keeps --help fast

    return None if text is None else point_in_time(option, text, datetime.now(UTC))
