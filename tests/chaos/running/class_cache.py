"""A cache of Neo4j's classes: the servers of a run start Neo4j some thirty times, and plan the same queries each time.

Java makes it at the end of a training run (JEP 514). It takes a third off the processor time of each start after that.
"""

import asyncio
import subprocess
from pathlib import Path
from uuid import uuid4

import psutil  # type: ignore[import-untyped]  # it ships no types

from tests.chaos.checking.witness import HALVES
from workers.adapters.graph.driver import open_driver
from workers.adapters.graph.migrate import migrate
from workers.adapters.graph.writer import Neo4jWriter
from workers.config.settings import Neo4jSettings
from workers.core.record import TopicPartition
from workers.core.statement import Statement
from workers.dev.stack.servers import neo4j as server
from workers.ops.backup.server import until_answer

WRITES_ITS_CACHE_SECONDS = 120
PAGE = """
UNWIND $rows AS row
MERGE (p:LedgerPage {key: row.key}) SET p += row.properties
WITH p, row
CALL (p, row) {
  WITH p, row WHERE row.note IS NOT NULL
  MERGE (n:LedgerNote {id: row.note})
  MERGE (p)-[:HAS]->(n)
}
"""


def train(process: psutil.Process, settings: Neo4jSettings, cache: Path) -> None:
    """Stop the server ``process``, run it once more with queries such as the workers send, and stop that run, too.

    At its end Java writes the cache, which takes some ten seconds. On a machine that is too busy for that in two
    minutes there is none: the run does without.
    """
    argv, folder, environment = process.cmdline(), process.cwd(), process.environ()
    process.terminate()
    process.wait(WRITES_ITS_CACHE_SECONDS)
    fresh = cache.with_suffix(".new")
    training = subprocess.Popen(
        [argv[0], f"-XX:AOTCacheOutput={fresh}", *argv[1:]],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(_queries(settings))
        training.terminate()
        training.wait(WRITES_ITS_CACHE_SECONDS)
        fresh.replace(cache)
    except (subprocess.TimeoutExpired, FileNotFoundError):
        fresh.unlink(missing_ok=True)
    finally:
        training.kill()
        training.wait()


def use(cache: Path) -> None:
    """Start Neo4j with the cache from now on, in this process, once there is one."""
    option = f"-XX:AOTCache={cache}"
    if cache.exists() and option not in server.JAVA_OPTIONS:
        server.JAVA_OPTIONS += (option,)


async def _queries(settings: Neo4jSettings) -> None:
    await until_answer(settings)
    async with open_driver(settings) as driver:
        await migrate(driver, settings.database)
        writer, name = Neo4jWriter(driver, settings.database), uuid4().hex
        claim = await writer.claim(name, TopicPartition(name, 0), name)
        await writer.write(claim, 0, [Statement("pages", PAGE, [])])
        suspects = " UNION ALL ".join(half.seen() for halves in HALVES.values() for half in halves)
        await driver.execute_query(suspects, name=name, topic=name, database_=settings.database)
        await writer.watermarks(name, name)
