from pathlib import Path

import pytest
from pydantic import SecretStr

from workers.adapters.registry_database.connection import registry_database
from workers.adapters.registry_database.replication import LogPosition
from workers.config.settings import RegistryDatabaseSettings
from workers.core.errors import Misconfigured, Unreachable

NOWHERE = "postgresql://ada:hid%40den@127.0.0.1:9/registry"


def settings(url: str, cafile: Path | None = None) -> RegistryDatabaseSettings:
    return RegistryDatabaseSettings(url=SecretStr(url), cafile=cafile)


@pytest.mark.parametrize("mode", ["", "?sslmode=disable", "?sslmode=verify-full"])
def test_a_database_that_does_not_answer_is_told_without_its_password(mode: str) -> None:
    with (
        pytest.raises(Unreachable, match=r"127\.0\.0\.1:9/registry does not answer .*REGISTRY_DATABASE_URL") as caught,
        registry_database(settings(NOWHERE + mode)),
    ):
        pass
    assert "hid" not in str(caught.value)


@pytest.mark.parametrize("mode", ["require", "verify-ca", "prefer"])
def test_a_mode_that_checks_no_server_is_refused(mode: str) -> None:
    with (
        pytest.raises(Misconfigured, match=f"sslmode={mode} .*verify-full"),
        registry_database(settings(f"{NOWHERE}?sslmode={mode}")),
    ):
        pass


def test_an_authority_that_is_no_certificate_is_told_with_its_variable(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_text("no certificate")
    with pytest.raises(Misconfigured, match="REGISTRY_DATABASE_CAFILE"), registry_database(settings(NOWHERE, file)):
        pass


def test_what_is_not_confirmed_is_counted_from_the_beginning_where_nothing_is() -> None:
    assert LogPosition(100, 40, active=True).behind == 60
    assert LogPosition(100, None, active=False).behind == 100
    assert LogPosition(100, 140, active=True).behind == 0, "a restored database begins its log again"
