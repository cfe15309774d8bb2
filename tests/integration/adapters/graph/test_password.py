"""A changed password while a worker runs."""

from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from tests.integration.adapters.graph.scratch import Scratch
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.writer import Neo4jWriter
from workers.config.settings import Neo4jSettings
from workers.core.errors import Retryable


async def test_a_rotated_password_is_waited_for_and_read_from_its_file(
    scratch: Scratch, settings: Neo4jSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, file = f"rotated{uuid4().hex[:8]}", tmp_path / "password"
    file.write_text("before-the-rotation\n")
    await scratch.query(f"CREATE USER {user} SET PASSWORD 'after-the-rotation' CHANGE NOT REQUIRED")
    neo4j = settings.model_copy(update={"username": user, "password": SecretStr("before-the-rotation")})
    monkeypatch.setenv("NEO4J_PASSWORD_FILE", str(file))
    try:
        async with open_driver(neo4j) as driver:
            writer = Neo4jWriter(driver, neo4j.database)
            with pytest.raises(Retryable, match="NEO4J_PASSWORD_FILE"):
                await writer.watermarks(scratch.worker, "topic")
            file.write_text("after-the-rotation\n")
            assert await writer.watermarks(scratch.worker, "topic") == {}
    finally:
        monkeypatch.delenv("NEO4J_PASSWORD_FILE")  # the other driver of this test reads it too
        await scratch.query(f"DROP USER {user}")
