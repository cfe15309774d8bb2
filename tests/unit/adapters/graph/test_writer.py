from workers.adapters.graph.writer import Unshown


def test_rows_do_not_show_what_they_hold() -> None:
    assert "secret" not in repr({"rows": Unshown([[["secret"]]])})
