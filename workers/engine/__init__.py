"""The only room that knows Faust: from the consumer's fetch to the acknowledgement.

The way of a record, and where each promise is kept:

- ``intake``          fetches in chunks; commits only what ``Acknowledged`` says is durable
- ``assignment``      one ``PartitionTask`` a partition; drains them before a rebalance or the end
- ``partition_task``  batch → screen → fold → **graph** → table → acknowledge, in this order
- ``delivery``        the one place that calls the graph writer: retries, isolates what is refused

The order is the promise: dead letters are confirmed before the graph moves past their records, the graph
moves before the table, the table before Kafka's committed offset. Whatever line a crash hits, the graph's
watermark tells what is done, and everything after it is read again.
"""
