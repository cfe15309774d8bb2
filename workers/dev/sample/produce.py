"""Send sampled records to Kafka."""

from collections.abc import AsyncIterable, Callable

from workers.adapters.kafka.keyed_producer import KeyedProducer, Sent
from workers.dev.sample.records.poison import Poison
from workers.dev.sample.records.sampled import Sampled
from workers.dev.sample.records.tally import Tally
from workers.dev.sample.records.wire import Encoder, value_of


class TelemetryProducer:
    """Encodes and sends records. Kafka's timestamps are the time of sending; event times are in the records.

    Each record of a trace has that trace's W3C ``traceparent`` in its headers, as from an instrumented producer.
    """

    def __init__(self, producer: KeyedProducer, encoder: Encoder) -> None:
        self._producer = producer
        self._encoder = encoder

    async def send(
        self, items: AsyncIterable[Sampled | Poison], tally: Tally, on_sent: Callable[[Sent], None] | None = None
    ) -> None:
        """Send and count all items; return when the broker has confirmed every one.

        ``on_sent`` is called for each record as it is confirmed. Raises ``Unreachable``, and what the encoder raises.
        """
        async for item in items:
            sampled = item.sampled if isinstance(item, Poison) else item
            value = await value_of(item, self._producer.topic, self._encoder)
            self._producer.produce(sampled.key.encode(), value, _trace_context(sampled), on_sent)
            tally.count(item)
        await self._producer.flush()


def _trace_context(sampled: Sampled) -> list[tuple[str, str | bytes | None]]:
    trace_id, span_id = sampled.fields["trace_id"], sampled.fields["span_id"]
    return [("traceparent", f"00-{trace_id}-{span_id}-01".encode())] if trace_id and span_id else []
