from pathlib import Path

import pytest

from workers.adapters.graph.migration import load_migrations, parse
from workers.core.errors import Misconfigured

# Every key of the graph, as the model promises it, and those of our own bookkeeping.
KEYS = {
    ("Invocation", "key"),
    ("PerformanceMetric", "id"),
    ("Error", "id"),
    ("Prompt", "id"),
    ("Completion", "id"),
    ("Model", "model_id"),
    ("ModelVersion", "version_id"),
    ("Schema", "schema_id"),
    ("SchemaVersion", "version_id"),
    ("Capability", "name"),
    ("AuditEvent", "id"),
    ("User", "user_id"),
    ("UsageWindow", "id"),
    ("UsagePeriod", "start"),
    ("Watermark", "id"),
    ("ParkedKey", "id"),
    ("Migration", "version"),
}


def test_every_key_of_the_graph_has_its_uniqueness_constraint() -> None:
    statements = "\n".join(statement for migration in load_migrations() for statement in migration.statements)

    for label, key in KEYS:
        assert f"FOR (n:{label}) REQUIRE n.{key} IS UNIQUE" in statements


def test_every_statement_can_be_repeated() -> None:
    for migration in load_migrations():
        assert migration.statements
        for statement in migration.statements:
            assert ("IF EXISTS" if statement.startswith("DROP") else "IF NOT EXISTS") in statement


def test_a_file_is_split_at_the_semicolons_that_end_lines_and_comments_drop_out() -> None:
    migration = parse("0007_two_things.cypher", "// why; and how\nCREATE INDEX a;\n\nCREATE\n  INDEX b; \n")

    assert str(migration) == "0007_two_things"
    assert (migration.version, migration.name) == (7, "two_things")
    assert migration.statements == ("CREATE INDEX a", "CREATE\n  INDEX b")


def test_the_checksum_is_of_the_statements_and_not_of_the_comments() -> None:
    one = parse("0001_a.cypher", "// one\nCREATE INDEX a;")

    assert one.checksum == parse("0001_a.cypher", "// two words\nCREATE INDEX a;\n").checksum
    assert one.checksum != parse("0001_a.cypher", "// one\nCREATE INDEX b;").checksum


def test_files_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("0002_b.cypher", "0001_a.cypher"):
        (tmp_path / name).write_text("CREATE INDEX x;")
    (tmp_path / "README.md").write_text("no migration")

    assert [str(migration) for migration in load_migrations(tmp_path)] == ["0001_a", "0002_b"]


@pytest.mark.parametrize("names", [["0001_a.cypher", "0003_c.cypher"], ["0001_a.cypher", "0001_b.cypher"]])
def test_a_number_missing_or_used_twice_is_misconfigured(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("CREATE INDEX x;")

    with pytest.raises(Misconfigured, match="without gap"):
        load_migrations(tmp_path)


def test_a_file_with_another_form_of_name_is_misconfigured() -> None:
    with pytest.raises(Misconfigured, match=r"1_a\.cypher"):
        parse("1_a.cypher", "CREATE INDEX x;")
