import re
from collections.abc import Callable
from itertools import chain, repeat
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from workers.adapters.registry_database.connection import address_of
from workers.adapters.registry_database.replication import LogPosition, ReplicaIdentity
from workers.config.settings import RegistryDatabaseSettings
from workers.ops.doctor import source_checks
from workers.ops.doctor.finding import State
from workers.ops.doctor.source_checks import check_source, judge_identities

DATABASE = RegistryDatabaseSettings(url=SecretStr("postgresql://ada:hidden@127.0.0.1:9/registry"))
Answers = Callable[..., None]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Answer with these positions, one after the other, the last one for ever."""

    def set_answers(*positions: LogPosition) -> None:
        coming = chain(positions, repeat(positions[-1]))

        def log_position(_settings: RegistryDatabaseSettings, _slot: str) -> LogPosition:
            return next(coming)

        def replica_identities(*_: object) -> list[ReplicaIdentity]:
            return []

        monkeypatch.setattr(source_checks, "log_position", log_position)
        monkeypatch.setattr(source_checks, "replica_identities", replica_identities)
        monkeypatch.setattr(source_checks, "POLL_SECONDS", 0)

    return set_answers


def test_without_a_database_nothing_is_asked() -> None:
    assert check_source(RegistryDatabaseSettings()) == []


def test_a_database_that_does_not_answer_is_unreachable_and_its_password_is_not_shown() -> None:
    (finding,) = check_source(DATABASE)
    assert finding.state is State.UNREACHABLE
    assert "127.0.0.1:9/registry" in finding.message
    assert "hidden" not in finding.message
    assert address_of(urlsplit("postgresql://a:b%40c@db:5432/registry?sslmode=require")) == "db:5432/registry"


def test_a_connector_that_reaches_the_log_of_now_is_in_order_whatever_is_written_meanwhile(
    answers: Answers,
) -> None:
    answers(LogPosition(100, 90, active=True), LogPosition(200, 95, active=True), LogPosition(300, 100, active=True))
    (finding,) = check_source(DATABASE)
    assert finding.state is State.OK


@pytest.mark.parametrize(
    ("position", "message"),
    [
        (LogPosition(100, None, active=False), "no such slot"),
        (LogPosition(1_100, 100, active=False), "nobody reads it: 1,000 bytes"),
        (LogPosition(1_100, 100, active=True), "has not reached a position of 0 s ago: 1,000 bytes .* topology apply"),
    ],
)
def test_a_connector_that_stands_is_a_problem(answers: Answers, position: LogPosition, message: str) -> None:
    answers(position)
    (finding,) = check_source(DATABASE, within_seconds=0)
    assert finding.state is State.PROBLEM
    assert re.search(message, finding.message)


def test_a_table_must_say_the_former_key_of_a_row() -> None:
    found = list(
        judge_identities(
            [
                ReplicaIdentity("models", "f", has_primary_key=True),
                ReplicaIdentity("capabilities", "n", has_primary_key=True),
                ReplicaIdentity("schemas", "i", has_primary_key=True),
                ReplicaIdentity("model_versions", "d", has_primary_key=False),
            ]
        )
    )
    assert [(each.check, each.state) for each in found] == [
        ("table capabilities", State.PROBLEM),
        ("table schemas", State.PROBLEM),
        ("table model_versions", State.PROBLEM),
    ]
    assert "ALTER TABLE capabilities REPLICA IDENTITY DEFAULT" in found[0].message
    (fine,) = judge_identities([ReplicaIdentity("models", "d", has_primary_key=True)])
    assert fine.state is State.OK
