"""Kafka's admin client, with errors that tell the operator what to do."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]  # it exports it, but not in the type checker's way

from workers.adapters.kafka.access.faults import in_short, turned_away
from workers.adapters.kafka.client import identity_of, librdkafka_config
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
SLICE_SECONDS = 0.5
CERTAIN_SECONDS = 2.0
"""How long another broker may still answer after one has turned us away."""


class Admin:
    """One connection for administration. Its calls block: run them in a thread where a loop must go on.

    Everything that asks Kafka here raises ``Unreachable`` when no broker answers in time, and
    ``Misconfigured`` when a broker turns us away.
    """

    def __init__(self, kafka: KafkaSettings, *, timeout_seconds: float = 10.0) -> None:
        self.kafka = kafka
        self.timeout_seconds = timeout_seconds
        self._causes: list[KafkaError] = []
        self._opened_with = identity_of(kafka)
        self._client = AdminClient(self.config)
        self._got_no_answer = False

    @property
    def config(self) -> dict[str, Any]:
        """Return the properties of its client, with the secrets as they are now."""
        # Errors reach the operator as one sentence: librdkafka need not print its own (2 = critical only).
        return {**librdkafka_config(self.kafka), "error_cb": self._causes.append, "log_level": 2}

    @property
    def client(self) -> AdminClient:
        """Return the client; another one after a rotated password or certificate, and after one that got no answer.

        A broker that has just started may say that there are no brokers; librdkafka 2.16 then never asks again.
        """
        identity = identity_of(self.kafka)
        if self._got_no_answer or identity != self._opened_with:
            self._causes.clear()
            self._client, self._opened_with, self._got_no_answer = AdminClient(self.config), identity, False
        return self._client

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
            return self.answered(future)
        except KafkaException as error:
            raise self._classed(error) from None

    def answered(self, future: "Future[ResultT]") -> ResultT:
        """Wait for one answer. Raises as soon as it is clear that none can come, and ``KafkaException``."""
        since = time.monotonic()
        while True:
            done, _ = wait([future], SLICE_SECONDS)
            if done:
                return future.result()
            self._give_up_if_turned_away(since)

    def results(self, answers: "Mapping[KeyT, Future[ResultT]]") -> dict[KeyT, ResultT]:
        """Wait for all answers; a moment where one is an error, since a client must outlive what it was asked."""
        try:
            return {key: self.result(future) for key, future in answers.items()}
        finally:
            wait(answers.values(), SLICE_SECONDS)

    def topics(self) -> dict[str, int]:
        """Return every topic that exists, with its number of partitions."""
        metadata: Any = self.asked(self._metadata)
        return {name: len(topic.partitions) for name, topic in metadata.topics.items()}

    def grow(self, topic: str, partitions: int) -> None:
        """Add partitions to a topic that has fewer; one that does not exist stays so."""
        if 0 < self.topics().get(topic, 0) < partitions:
            try:
                self.results(self.client.create_partitions([NewPartitions(topic, partitions)]))
            except KafkaException:
                if self.topics().get(topic, 0) < partitions:  # otherwise another process was first
                    raise

    def _metadata(self) -> Any:
        """Ask again and again for a short time: librdkafka would not say before the end that we are turned away."""
        since = time.monotonic()
        while True:
            try:
                return self.client.list_topics(timeout=SLICE_SECONDS)
            except KafkaException:
                self._give_up_if_turned_away(since)
                if time.monotonic() > since + self.timeout_seconds:
                    raise

    def _give_up_if_turned_away(self, since: float) -> None:
        self._client.poll(0)
        if time.monotonic() > since + CERTAIN_SECONDS and (sentence := turned_away(self.kafka, self._newest_causes())):
            raise Misconfigured(sentence)

    def _newest_causes(self) -> list[KafkaError]:
        """Return what librdkafka has reported, the newest first; and forget it: it may be repaired by the next time."""
        causes = self._causes[::-1]
        self._causes.clear()
        return causes

    def _classed(self, error: KafkaException) -> Exception:
        # Why a broker could not be used comes by the error callback, and that is called while polling.
        self._client.poll(0)
        asked: KafkaError = error.args[0]
        causes = [asked, *self._newest_causes()]
        if sentence := turned_away(self.kafka, causes):
            return Misconfigured(sentence)
        if asked.code() in SILENT | COORDINATOR_COMING:
            self._got_no_answer = True
            reason = in_short((causes[1:] or causes)[0])
            return Unreachable(
                f"Kafka at {self.kafka.bootstrap_servers} does not answer ({reason}); start it "
                "(`memory-graph stack up`), or set KAFKA_BOOTSTRAP_SERVERS and KAFKA_SECURITY_PROTOCOL to what it has"
            )
        return error
