"""Avro in Confluent wire format: the codec, its reader schemas, and the schema registry they are agreed in."""
