# noqa: INP001 - no part of the package: a program of its own, which imports nothing of ours
"""A plain producer loop: read records of a topic, then send them to it again, without and with transactions.

Prints the seconds of the sending as JSON. The producer is idempotent and compresses; a transaction has
``BENCH_BATCH`` records.
"""

import json
import os
import sys
import time
from collections.abc import Sequence

from confluent_kafka import Consumer, Message, Producer

SECONDS = 60.0
SERVERS = {"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"]}


def read(topic: str, count: int) -> list[Message]:
    """Return so many records."""
    consumer = Consumer({**SERVERS, "group.id": os.environ["BENCH_GROUP"], "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    messages: list[Message] = []
    while len(messages) < count:
        messages += consumer.consume(min(1_000, count - len(messages)), 1.0)
    consumer.close()
    return messages


def send(producer: Producer, topic: str, messages: Sequence[Message]) -> None:
    """Queue records; their keys decide about the partition."""
    for message in messages:
        while True:
            try:
                producer.produce(topic, message.value(), message.key(), headers=message.headers())
            except BufferError:
                producer.poll(1.0)
            else:
                break


def plain(topic: str, messages: Sequence[Message]) -> float:
    """Send everything; return the seconds until it is confirmed."""
    producer = Producer({**SERVERS, "enable.idempotence": True, "compression.type": "lz4", "linger.ms": 5})
    producer.list_topics(topic)
    began = time.monotonic()
    send(producer, topic, messages)
    if producer.flush(SECONDS):
        sys.exit("Kafka has not confirmed every record")
    return time.monotonic() - began


def transactional(topic: str, messages: Sequence[Message], batch: int) -> float:
    """Send everything in transactions; return the seconds until the last one is committed."""
    own = {"transactional.id": os.environ["BENCH_GROUP"], "compression.type": "lz4", "linger.ms": 5}
    producer = Producer({**SERVERS, **own})
    producer.init_transactions(SECONDS)
    began = time.monotonic()
    for place in range(0, len(messages), batch):
        producer.begin_transaction()
        send(producer, topic, messages[place : place + batch])
        producer.commit_transaction(SECONDS)
    return time.monotonic() - began


def main() -> None:
    """Read, send, print."""
    topic, count = os.environ["BENCH_TOPIC"], int(os.environ["BENCH_RECORDS"])
    messages = read(topic, count)
    seconds = {
        "plain": plain(topic, messages),
        "transactional": transactional(topic, messages, int(os.environ["BENCH_BATCH"])),
    }
    sys.stdout.write(json.dumps(seconds))


if __name__ == "__main__":
    main()
