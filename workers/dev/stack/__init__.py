"""The local stack: real servers as processes of this machine.

Kafka, Neo4j and a schema registry always run; PostgreSQL with Debezium, and OpenBao, on demand.
`lifecycle.py` starts and stops a stack, `start.py` one server; `servers/` has one file for each server.
"""
