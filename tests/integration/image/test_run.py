"""What the image does when it is started: as its user, with a read-only root, without a network."""

import subprocess
from dataclasses import replace

import pytest

from tests.integration.image.build import Image
from tests.integration.image.clean_root import CleanRoot, User

SERVERS = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092", "NEO4J_PASSWORD": "test"}
ANY_USER = User(1_000_720_000, 0)


def start(container: CleanRoot, image: Image, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": "/", **image.environment, **variables}
    return container.run([*image.entrypoint, *arguments], environment, image.workdir)


@pytest.mark.parametrize("user", [User(10001, 10001), ANY_USER], ids=["its own user", "any user"])
def test_the_entry_point_has_the_commands_of_operators_alone(container: CleanRoot, image: Image, user: User) -> None:
    finished = start(replace(container, user=user), image, "--help")

    assert (finished.returncode, finished.stderr) == (0, "")
    assert "worker" in finished.stdout
    assert "Commands for developers" not in finished.stdout


def test_the_process_is_the_user_of_the_image_without_capabilities(container: CleanRoot, image: Image) -> None:
    finished = container.run(
        ["sh", "-c", "id -u; id -g; while read l; do echo $l; done < /proc/self/status"], image.environment
    )

    assert finished.stdout.split()[:2] == ["10001", "10001"]
    assert "CapEff: 0000000000000000" in finished.stdout


def test_its_topology_is_valid(container: CleanRoot, image: Image) -> None:
    finished = start(container, image, "topology", "check")

    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_worker_without_servers_ends_with_a_sentence(container: CleanRoot, image: Image) -> None:
    finished = start(container, image, "worker", "telemetry", **SERVERS)

    assert finished.returncode == 3
    assert "127.0.0.1:" in finished.stderr.splitlines()[-1]
    assert "Traceback" not in finished.stderr
    assert "Read-only file system" not in finished.stderr


def test_nothing_can_be_written_to_the_root(container: CleanRoot, image: Image) -> None:
    finished = container.run(["sh", "-c", "touch /app/x || touch /opt/memory-graph/x || touch /x"], image.environment)

    assert finished.returncode != 0
    assert finished.stderr.count("Read-only file system") == 3
