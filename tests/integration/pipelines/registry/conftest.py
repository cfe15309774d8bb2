"""The registry's database, its change topic, and unique names."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.integration.pipelines.registry.change_log import ChangeLog
from workers.dev.stack.running import RunningStack

Execute = Callable[..., None]


@pytest.fixture
def database(stack_with_cdc: RunningStack) -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection with one transaction per statement."""
    with psycopg.connect(stack_with_cdc.registry_database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def changes(stack_with_cdc: RunningStack) -> ChangeLog:
    return ChangeLog(stack_with_cdc)


@pytest.fixture
def name() -> str:
    return f"it-{uuid.uuid4().hex[:12]}"
