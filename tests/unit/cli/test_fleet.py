import pytest

from workers.cli.fleet import parse_replicas
from workers.core.errors import Misconfigured


def test_replicas_are_parsed_for_each_worker() -> None:
    assert parse_replicas(["telemetry=2"], {"telemetry", "audit"}) == {"telemetry": 2}


@pytest.mark.parametrize(
    "text", ["telemetry", "telemetry=", "telemetry=-1", "nobody=2", "=3", "telemetry=\N{SUPERSCRIPT TWO}"]
)
def test_the_error_for_a_wrong_count_names_the_fix(text: str) -> None:
    with pytest.raises(Misconfigured, match=f"--replicas {text}: write WORKER=COUNT"):
        parse_replicas([text], {"telemetry"})
