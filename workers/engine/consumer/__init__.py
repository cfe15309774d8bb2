"""From Kafka to chunks of records, and back to committed offsets. Faust's consumer, made safe for a database sink."""
