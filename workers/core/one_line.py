"""Texts of others inside of a sentence: an error message, a log line, a header."""

LONGEST = 200


def one_line(text: object, longest: int = LONGEST) -> str:
    """Return a text as one line of printable characters, cut after ``longest`` of them."""
    words = " ".join(str(text).split())
    shown = (
        words if words.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in words)
    )
    return shown if len(shown) <= longest else f"{shown[:longest]}…"
