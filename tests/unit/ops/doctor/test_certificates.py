from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from workers.config.settings import Neo4jSettings, RegistryDatabaseSettings, Settings
from workers.dev.stack.tls.certificates import Certificate
from workers.ops.doctor.certificate_checks import check_certificates
from workers.ops.doctor.finding import State


@pytest.mark.parametrize(
    ("days", "state", "words"),
    [
        (90, State.OK, "is valid for 89 days"),
        (10, State.PROBLEM, "expires in 9 days"),
        (-1, State.PROBLEM, "has expired on"),
    ],
)
def test_a_certificate_that_ends_soon_is_a_problem_with_the_days_left(
    tmp_path: Path, days: int, state: State, words: str
) -> None:
    file = tmp_path / "ca.pem"
    both = [Certificate.authority("long", 1_000), Certificate.authority("short", days)]
    file.write_text("".join(each.certificate_pem for each in both))
    settings = Settings(neo4j=Neo4jSettings(uri="bolt+s://graph:7687", cafile=file))

    (finding,) = check_certificates(settings, datetime.now(UTC) + timedelta(seconds=1))

    assert (finding.check, finding.state) == ("certificate NEO4J_CAFILE", state)
    assert f"{file} {words}" in finding.message


def test_a_file_without_a_certificate_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    settings = Settings(neo4j=Neo4jSettings(uri="bolt+s://graph:7687", cafile=tmp_path / "ca.pem"))

    (finding,) = check_certificates(settings)

    assert finding.state is State.PROBLEM


def test_without_files_nothing_is_checked() -> None:
    assert list(check_certificates(Settings())) == []


def test_the_authority_of_the_registry_s_database_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(Certificate.authority("long").certificate_pem)
    settings = Settings(registry_database=RegistryDatabaseSettings(cafile=tmp_path / "ca.pem"))

    (finding,) = check_certificates(settings)

    assert (finding.check, finding.state) == ("certificate REGISTRY_DATABASE_CAFILE", State.OK)
