"""The graph: the driver, the one writer, what its errors mean, constraints and indexes. The only user of neo4j."""
