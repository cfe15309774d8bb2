"""One folder for each kind of server: Avro and its schema registry, Neo4j, Kafka, the model registry's API."""
