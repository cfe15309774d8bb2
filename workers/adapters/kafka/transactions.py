"""Send records in Kafka transactions: readers of committed records see all of a transaction, or nothing."""

from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Producer

from workers.adapters.kafka.access.faults import turned_away
from workers.adapters.kafka.client import librdkafka_config
from workers.adapters.kafka.dead_letters import LARGEST_RECORD_BYTES
from workers.adapters.kafka.producer import JAVA_PARTITIONER
from workers.config.settings import KafkaSettings
from workers.core.errors import Misconfigured, ProblemsFound, Unreachable
from workers.core.record import OutgoingRecord

TIMEOUT_SECONDS = 30.0
SUPERSEDED = {
    KafkaError._FENCED,  # noqa: SLF001 - librdkafka's local error codes are spelled this way
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
}


class Transactions:
    """A producer with a transactional id. Opening it ends every earlier one with this id, and its open transaction.

    So at most one process at a time sends under an id. Calls block.
    """

    def __init__(self, kafka: KafkaSettings, transactional_id: str) -> None:
        self._id = transactional_id
        self._kafka = kafka
        self._producer = Producer(
            {
                **librdkafka_config(kafka),
                **JAVA_PARTITIONER,
                "transactional.id": transactional_id,
                "message.max.bytes": LARGEST_RECORD_BYTES,
                "transaction.timeout.ms": int(TIMEOUT_SECONDS * 1000),
                "compression.type": "lz4",
                "linger.ms": 5,
                "log_level": 2,
            }
        )
        try:
            self._producer.init_transactions(TIMEOUT_SECONDS)
        except KafkaException as error:
            raise self._classed(error) from error

    def send(self, records: Sequence[OutgoingRecord]) -> None:
        """Send all records, or none of them. Return when the transaction is committed.

        Raises ``ProblemsFound`` where another process has opened the same id, and ``Unreachable``. After an error it is
        not known whether the transaction was committed: read the topics.
        """
        try:
            self._producer.begin_transaction()
            for record in records:
                self._produce(record)
            self._producer.commit_transaction(TIMEOUT_SECONDS)
        except KafkaException as error:
            self._abort()
            raise self._classed(error) from error

    def _produce(self, record: OutgoingRecord) -> None:
        topic, key, value, partition, headers, timestamp = record
        while True:
            try:
                self._producer.produce(topic, value, key, partition, timestamp=timestamp, headers=list(headers))
            except BufferError:  # librdkafka's queue is full
                self._producer.poll(1.0)
            else:
                return

    def _abort(self) -> None:
        try:
            self._producer.abort_transaction(TIMEOUT_SECONDS)
        except KafkaException:
            return  # the first error says more; Kafka ends the transaction after its timeout

    def _classed(self, error: KafkaException) -> ProblemsFound | Misconfigured | Unreachable:
        reason: KafkaError = error.args[0]
        if reason.code() in SUPERSEDED:
            return ProblemsFound(
                f"another process has continued as {self._id}: this one has stopped, and nothing is sent twice"
            )
        if sentence := turned_away(self._kafka, [reason], f"a transaction as {self._id}"):
            return Misconfigured(sentence)
        return Unreachable(
            f"Kafka at {self._kafka.bootstrap_servers} did not take a transaction ({reason.str()}): run it again, "
            "nothing is sent twice"
        )
