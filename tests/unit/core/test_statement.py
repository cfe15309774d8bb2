from typing import NamedTuple

import pytest

from workers.core.statement import template


class Row(NamedTuple):
    """Two columns."""

    key: str
    value: int


def test_columns_by_name_become_columns_by_place() -> None:
    made = template("any", Row, "MERGE (n:Any {key: row.key})\nSET n.value = row.value\n")
    assert made.cypher == "UNWIND $rows AS row\nMERGE (n:Any {key: row[0]})\nSET n.value = row[1]"
    assert made.on([Row("b", 1), Row("a", 2)]).rows == [["b", 1], ["a", 2]]


def test_rows_of_shared_nodes_are_sorted() -> None:
    made = template("any", Row, "MERGE (n:Any {key: row.key})", shared=True)
    assert made.on([Row("b", 1), Row("a", 2)]).rows == [["a", 2], ["b", 1]]


def test_a_column_that_the_row_has_not_is_found_when_the_module_is_loaded() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        template("any", Row, "SET n.other = row.other")
