"""The registry's real database instead of the model's: random changes become SQL."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import sql

from tests.model.registry_sequences import Operation
from tests.model.registry_source import COLUMNS, KEYS, Row, Source


class Database(Source):
    """Makes every change in its own transaction; ``changes`` counts the changed rows."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__()
        self._connection = connection
        self.changes = 0

    def run(self, operations: Iterable[Operation]) -> None:
        """Run the operations in order; another writer may change the same rows in parallel."""
        for operation in operations:
            operation(self)

    def put(self, table: str, row: Row, unsent: tuple[str, ...] = ()) -> None:
        columns = [column for column in COLUMNS[table] if column in row]
        assigned = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in columns]
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
            sql.SQL(", ").join(map(sql.Identifier, KEYS[table])),
            sql.SQL(", ").join(assigned),
        )
        self._execute(statement, [_shown(column, row[column]) for column in columns])
        key = tuple(row[column] for column in KEYS[table])
        self.rows[table, key] = self.rows.get((table, key), {}) | dict(row)

    def delete(self, table: str, *key: str) -> None:
        if self.rows.pop((table, key), None):
            same = [sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder()) for column in KEYS[table]]
            statement = sql.SQL("DELETE FROM {} WHERE {}").format(sql.Identifier(table), sql.SQL(" AND ").join(same))
            self._execute(statement, list(key))

    def snapshot(self) -> None:
        """Do nothing: the connector itself decides when to take a snapshot."""

    def _execute(self, statement: sql.Composed, values: list[Any]) -> None:
        self.changes += self._connection.execute(statement, values).rowcount


def _shown(column: str, value: Any) -> Any:
    """Return a date as SQL expects it, not as Debezium sends it."""
    return date(1970, 1, 1) + timedelta(days=value) if column == "training_cutoff" and value is not None else value
