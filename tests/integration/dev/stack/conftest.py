"""These tests set the environment themselves."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def environment_of_the_stack() -> None:
    """Set nothing: most of these tests use small stacks of their own."""
