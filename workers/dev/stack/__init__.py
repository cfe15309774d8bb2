"""The local stack: real Kafka, Neo4j and schema registry (and more on demand) as processes of this machine."""
