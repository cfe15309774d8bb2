"""A second Neo4j beside the one of the stack, empty."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.conftest import HOME
from workers.dev.stack.lifecycle import reset, up
from workers.dev.stack.progress import ProgressLines

OURS = ("NEO4J_URI", "NEO4J_USERNAME", "NEO4J_PASSWORD", "NEO4J_DATABASE")


@contextmanager
def second_graph(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield its variables. ``environment`` has the other servers, which are shared."""
    name = f"test-{os.getpid()}b"
    shared = {each: environment[each] for each in ("KAFKA_BOOTSTRAP_SERVERS", "SCHEMA_REGISTRY_URL")}
    try:
        started = up(name, (), ProgressLines(), environment=shared, home=HOME, well_known_ports=False).environment
        yield {each: started[each] for each in OURS}
    finally:
        reset(name, home=HOME)
