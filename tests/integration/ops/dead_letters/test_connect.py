"""Dead letters that a real Kafka Connect writes: a sink connector whose converter cannot read some records."""

import asyncio
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.integration.ops.dead_letters.conftest import PARTITIONS, SourceTopic
from workers.adapters.kafka.admin import Admin
from workers.adapters.kafka.transactions import Transactions
from workers.core.record import OutgoingRecord
from workers.dev.stack.running import RunningStack
from workers.dev.stack.servers.connector import Connector
from workers.ops.dead_letters.journal import Who
from workers.ops.dead_letters.replaying.replay import Replay
from workers.ops.dead_letters.replaying.verdict import Rules, Verdict
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection
from workers.ops.dead_letters.show import shown
from workers.ops.dead_letters.tally import tally

BAD = 3
SECONDS = 60.0


@pytest.fixture
def failing_connector(source: SourceTopic, stack_with_cdc: RunningStack, tmp_path: Path) -> Iterator[str]:
    """Run a file sink that reads the source topic as JSON; yield its name."""
    name = f"files-{source.name}"
    connector = Connector(stack_with_cdc.environment["KAFKA_CONNECT_URL"], name)
    connector.ensure(
        {
            "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
            "topics": source.name,
            "file": str(tmp_path / "sink.txt"),
            "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter.schemas.enable": "false",
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": dead_letter_topic(source),
            "errors.deadletterqueue.topic.replication.factor": "1",
            "errors.deadletterqueue.context.headers.enable": "true",
        }
    )
    yield name
    with urlopen(Request(f"{connector.url}/connectors/{name}", method="DELETE")) as answer:  # noqa: S310 - of our stack
        assert answer.status == HTTPStatus.NO_CONTENT
    Admin(source.kafka).client.delete_topics([dead_letter_topic(source), f"{dead_letter_topic(source)}.replays"])


def dead_letter_topic(source: SourceTopic) -> str:
    return f"connect-{source.name}"


async def dead_letters_of(source: SourceTopic, count: int) -> DeadLetters:
    """Return the dead letters when there are so many."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        letters = DeadLetters(source.kafka, "", dead_letter_topic(source))
        if dead_letter_topic(source) in Admin(source.kafka).topics() and sum(letters.ends.values()) >= count:
            return letters
        await asyncio.sleep(0.5)
    pytest.fail(f"Kafka Connect has not written {count} dead letters within {SECONDS} s")


async def test_dead_letters_of_kafka_connect_are_listed_and_replayed(
    source: SourceTopic, failing_connector: str
) -> None:
    values = [b'{"good": 1}', *(b"no JSON %d" % number for number in range(BAD)), b'{"good": 2}']
    records = [
        OutgoingRecord(source.name, b"key", value, number % PARTITIONS, [("trace", b"%d" % number)])
        for number, value in enumerate(values)
    ]
    Transactions(source.kafka, source.name).send(records)

    letters = await dead_letters_of(source, BAD)
    (group,) = tally([letters], Selection(codes={"connect"}, stages={"VALUE_CONVERTER"}))
    assert (group.code, group.worker, group.letters) == ("connect.DataException", failing_connector, BAD)
    view = shown(next(letters.selected(Selection(partition=0))), None, None)
    assert view["error"]["from"]["topic"] == source.name
    assert (view["format"], view["value"][:7], view["headers"][0][0]) == ("text", "no JSON", "trace")

    replay = Replay(letters, Selection(), Rules({source.name: PARTITIONS}))
    assert (await replay.plan()).count(Verdict.SEND) == BAD
    await replay.execute(Who("replay-1", "anna", "a trial", 1), None, lambda _: None)
    again = [each for each in await source.records() if "__dlq.errors.replay.id" in dict(each.headers)]
    assert sorted((each.value, each.partition, each.headers[0]) for each in again) == sorted(
        (each.value, each.partition, each.headers[0]) for each in records[1 : 1 + BAD]
    )
    assert not [name for each in again for name, _ in each.headers if name.startswith("__connect")]

    letters = await dead_letters_of(source, 2 * BAD)
    (group,) = tally([letters], Selection())
    assert (group.letters, group.replayed, group.again) == (2 * BAD, BAD, BAD), "Connect kept the count of replays"
