"""Memory-Graph workers: Kafka streams of LLM operations folded into one live graph in Neo4j."""
