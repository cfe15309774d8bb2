"""Where verification reads the records from."""

from enum import StrEnum


class Source(StrEnum):
    """The places that have audit events."""

    TOPIC = "topic"
    GRAPH = "graph"
    ARCHIVE = "archive"
