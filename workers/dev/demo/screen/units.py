"""Durations and money in readable form."""

NONE = "-"
SECOND_MS = 1_000.0


def duration(milliseconds: float) -> str:
    """Return ``812 ms`` or ``3.4 s``."""
    return f"{milliseconds:.0f} ms" if milliseconds < SECOND_MS else f"{milliseconds / SECOND_MS:.1f} s"


def dollars(usd: float | None) -> str:
    """Return US dollars, small amounts with five decimals; a dash without a price."""
    if usd is None:
        return NONE
    return f"${usd:.2f}" if usd >= 1 else f"${usd:.5f}"
