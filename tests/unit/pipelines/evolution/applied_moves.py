"""A graph in memory, to which a plan's rows are applied as its Cypher would."""

from collections.abc import Iterable, Mapping
from typing import Any

from workers.core.statement import Statement, Template
from workers.pipelines.evolution.write import statements as write

COLUMNS: Mapping[str, Template] = {
    each.name: each for each in (write.MODEL_STUBS, write.MIGRATIONS, write.EXECUTED, write.ROLLED_BACK)
}


class AppliedMoves:
    """The states of migrations; ``current`` is the version of the only schema, ``users`` the version of each model."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.current: str | None = None
        self.users: dict[str, str] = {}
        self.moved = False
        self._moved: dict[str, list[str]] = {}
        self._joined: dict[str, list[str]] = {}

    def apply(self, plan: Iterable[Statement]) -> None:
        for statement in plan:
            for row in statement.rows:
                self._apply(statement.name, dict(zip(COLUMNS[statement.name].columns, row, strict=True)))

    def _apply(self, name: str, row: dict[str, Any]) -> None:
        if name == write.MIGRATIONS.name:
            self.states[row["migration_id"]] = row["state"]
        elif name == write.EXECUTED.name:
            self._execute(row)
        elif name == write.ROLLED_BACK.name:
            self._roll_back(row)

    def _execute(self, row: dict[str, Any]) -> None:
        self.moved = True
        self.current = row["to_id"].partition("@")[2]
        moved = [model for model, used in self.users.items() if used == row["from_id"]]
        joined = [model for model in row["model_ids"] if model not in self.users]
        self.users |= dict.fromkeys([*moved, *joined], row["to_id"])
        self._moved[row["migration_id"]], self._joined[row["migration_id"]] = moved, joined

    def _roll_back(self, row: dict[str, Any]) -> None:
        self.current = row["from_id"] and row["from_id"].partition("@")[2]
        self.users |= dict.fromkeys(self._moved[row["migration_id"]], row["from_id"])
        for model in self._joined[row["migration_id"]]:
            del self.users[model]
