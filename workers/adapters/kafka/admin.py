"""Kafka's admin client, with errors that tell the operator what to do."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]  # it exports it, but not in the type checker's way

from workers.adapters.kafka.client import librdkafka_config
from workers.config.settings import KafkaSettings
from workers.core.errors import Misconfigured, Unreachable

KeyT = TypeVar("KeyT")
ResultT = TypeVar("ResultT")

SILENT = {
    KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's local error codes are spelled this way
    KafkaError._TIMED_OUT,  # noqa: SLF001 - same reason as above
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - same reason as above
    KafkaError._RESOLVE,  # noqa: SLF001 - same reason as above
    KafkaError.REQUEST_TIMED_OUT,
}
COORDINATOR_COMING = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}
"""The first request about a group to a new cluster gets one of these: the broker has to make its topic of offsets."""
ASK_AGAIN_SECONDS = 0.1
TURNED_AWAY = {
    KafkaError._AUTHENTICATION,  # noqa: SLF001 - same reason as above
    KafkaError._SSL,  # noqa: SLF001 - same reason as above
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}


class Admin:
    """One connection for administration. Its calls block: run them in a thread where a loop must go on.

    Everything that asks Kafka here raises ``Unreachable`` when no broker answers in time, and
    ``Misconfigured`` when a broker turns us away.
    """

    def __init__(self, kafka: KafkaSettings, *, timeout_seconds: float = 10.0) -> None:
        self.kafka = kafka
        self.timeout_seconds = timeout_seconds
        self._causes: list[KafkaError] = []
        # Errors reach the operator as one sentence: librdkafka need not print its own (2 = critical only).
        self.config: dict[str, Any] = {**librdkafka_config(kafka), "error_cb": self._causes.append, "log_level": 2}
        self.client = AdminClient(self.config)

    def asked(self, ask: Callable[[], ResultT]) -> ResultT:
        """Call what asks Kafka, again while the coordinator of a group is only being found, until the timeout.

        A ``KafkaException`` that is about the request itself is left to the caller.
        """
        deadline = time.monotonic() + self.timeout_seconds
        while True:
            try:
                return ask()
            except KafkaException as error:
                if error.args[0].code() not in COORDINATOR_COMING or time.monotonic() > deadline:
                    raise self._classed(error) from None
            time.sleep(ASK_AGAIN_SECONDS)

    def result(self, future: "Future[ResultT]") -> ResultT:
        """Wait for one answer; raises as ``asked`` does."""
        try:
            return future.result()
        except KafkaException as error:
            raise self._classed(error) from None

    def results(self, answers: "Mapping[KeyT, Future[ResultT]]") -> dict[KeyT, ResultT]:
        """Wait for all answers, even where one is an error: a client must outlive what it was asked."""
        wait(answers.values())
        return {key: self.result(future) for key, future in answers.items()}

    def topics(self) -> dict[str, int]:
        """Return every topic that exists, with its number of partitions."""
        metadata: Any = self.asked(lambda: self.client.list_topics(timeout=self.timeout_seconds))
        return {name: len(topic.partitions) for name, topic in metadata.topics.items()}

    def grow(self, topic: str, partitions: int) -> None:
        """Add partitions to a topic that has fewer; one that does not exist stays so."""
        if 0 < self.topics().get(topic, 0) < partitions:
            try:
                self.results(self.client.create_partitions([NewPartitions(topic, partitions)]))
            except KafkaException:
                if self.topics().get(topic, 0) < partitions:  # otherwise another process was first
                    raise

    def _classed(self, error: KafkaException) -> Exception:
        # Why a broker could not be used comes by the error callback, and that is called while polling.
        self.client.poll(0)
        asked: KafkaError = error.args[0]
        for cause in (asked, *reversed(self._causes)):
            if cause.code() in TURNED_AWAY:
                return Misconfigured(
                    f"Kafka at {self.kafka.bootstrap_servers} turns us away ({_in_short(cause)}); check "
                    "KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_MECHANISM, KAFKA_USERNAME, KAFKA_PASSWORD, KAFKA_SSL_CAFILE"
                )
        if asked.code() in SILENT | COORDINATOR_COMING:
            reason = _in_short(self._causes[-1] if self._causes else asked)
            return Unreachable(
                f"Kafka at {self.kafka.bootstrap_servers} does not answer ({reason}); start it "
                "(`memory-graph stack up`), or set KAFKA_BOOTSTRAP_SERVERS and KAFKA_SECURITY_PROTOCOL to what it has"
            )
        return error


def _in_short(cause: KafkaError) -> str:
    """Leave out how long it took and in what state of the connection."""
    return " ".join(cause.str().partition(" (after")[0].split())
