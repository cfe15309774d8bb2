"""The Neo4j server around a dump: does it run, what does it have, stop it, start it."""

import asyncio
import shlex
import subprocess
import time
from datetime import UTC, datetime

from workers.adapters.graph.connection import GraphConnection
from workers.config.settings import Neo4jSettings
from workers.core.errors import Misconfigured, ProblemsFound, Unreachable
from workers.ops.backup.manifest import Mark, Noted

ANSWERS_WITHIN_SECONDS = 180.0
POLL_SECONDS = 0.5
COMPONENTS = "CALL dbms.components() YIELD versions, edition RETURN versions[0] AS version, edition LIMIT 1"
WATERMARKS = """
MATCH (w:Watermark)
RETURN w.id AS id, w.offset AS offset, w.epoch AS epoch, w.topic_id AS topic_id ORDER BY w.id
"""


async def noted(settings: Neo4jSettings) -> Noted | None:
    """Return what the server says of itself and its watermarks; ``None`` while it does not answer.

    Raises ``Misconfigured`` where it answers and refuses us.
    """
    try:
        return await noted_now(settings)
    except Unreachable:
        return None


async def noted_now(settings: Neo4jSettings) -> Noted:
    """Return the same. Raises ``Unreachable``, ``Misconfigured``."""
    async with GraphConnection(settings) as graph:
        at = datetime.now(UTC)
        (server,) = await graph.rows(COMPONENTS)
        marks = tuple(mark_of(**row) for row in await graph.rows(WATERMARKS))
        return Noted(at=at, database=settings.database, marks=marks, **server)


async def until_answer(settings: Neo4jSettings) -> Noted:
    """Wait until the server answers. Raises ``Unreachable`` where it does not within three minutes."""
    deadline = time.monotonic() + ANSWERS_WITHIN_SECONDS
    while (found := await noted(settings)) is None:
        if time.monotonic() > deadline:
            raise Unreachable(
                f"Neo4j at {settings.uri} does not answer {ANSWERS_WITHIN_SECONDS:.0f} s after its start: see its log"
            )
        await asyncio.sleep(POLL_SECONDS)
    return found


def mark_of(id: str, offset: int, epoch: int, topic_id: str) -> Mark:  # noqa: A002 - the property's name
    """Return the mark of a ``Watermark`` node."""
    worker, topic, partition = id.split("/")
    return Mark(worker=worker, topic=topic, partition=int(partition), offset=offset, epoch=epoch, topic_id=topic_id)


def run_command(option: str, command: str) -> None:
    """Run the operator's own command, such as ``systemctl stop neo4j``. Raises ``Misconfigured``, ``ProblemsFound``."""
    try:
        ended = subprocess.run(shlex.split(command), stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - see above
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{option} {command!r} cannot be run ({error}): write one command") from None
    if ended.returncode != 0:
        raise ProblemsFound(f"{option} {command!r} ended with exit code {ended.returncode}: see what it printed")
