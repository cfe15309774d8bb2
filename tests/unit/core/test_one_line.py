import pytest

from workers.core.one_line import LONGEST, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("as it is", "as it is"),
        (" two\r\n lines\u2028three\x85", "two lines three"),
        ("bell\x07 escape\x1b[31m nul\0", r"bell\x07 escape\x1b[31m nul\x00"),
        ("half \udcff", r"half \udcff"),
        (OSError(2, "gone"), "[Errno 2] gone"),
        ("ä€😀", "ä€😀"),
    ],
)
def test_it_is_one_line_of_printable_characters(text: object, line: str) -> None:
    assert one_line(text) == line
    assert len(one_line(text).splitlines()) <= 1


def test_a_long_one_is_cut() -> None:
    assert one_line("x" * 10_000) == "x" * LONGEST + "…"
