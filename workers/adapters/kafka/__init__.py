"""Kafka by confluent-kafka: clients, topics, lag, headers and dead letters. Consuming is Faust's, in ``runtime``."""
