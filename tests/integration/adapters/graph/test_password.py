"""A password that is rotated while a worker runs."""

from contextlib import suppress
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
    monkeypatch.setenv("NEO4J_PASSWORD_FILE", str(file))
    await scratch.query(f"CREATE USER {user} SET PASSWORD 'after-the-rotation' CHANGE NOT REQUIRED")
    neo4j = settings.model_copy(update={"username": user, "password": SecretStr("before-the-rotation")})
    try:
        async with open_driver(neo4j) as driver:
            writer = Neo4jWriter(driver, neo4j.database)
            with pytest.raises(Retryable, match="NEO4J_PASSWORD_FILE"):
                await writer.watermarks(scratch.worker, "topic")
            file.write_text("after-the-rotation\n")
            with suppress(Retryable):  # the driver reads the file when the server refuses what it has read before
                await writer.watermarks(scratch.worker, "topic")
            assert await writer.watermarks(scratch.worker, "topic") == {}
    finally:
        await scratch.query(f"DROP USER {user}")
