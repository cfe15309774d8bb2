"""These tests say themselves what the environment is."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def environment_of_the_stack() -> None:
    """Most of them need no stack but their own small ones."""
