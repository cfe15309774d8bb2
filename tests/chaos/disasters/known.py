"""The disasters that are measured. Each has a section with its title in helm/monitoring/DISASTERS.md."""

import re
from enum import StrEnum


class Disaster(StrEnum):
    """A whole server is gone, or what it had. The value is the title of its section."""

    NEO4J_LOST = "Neo4j lost"
    NEO4J_OLDER = "Neo4j restored from an older backup"
    KAFKA_LOST = "Kafka lost"
    PARTITION_UNREADABLE = "One partition unreadable"
    SCHEMAS_LOST = "Schema registry lost"
    REGISTRY_FAILED_OVER = "Registry database failed over to its replica"
    VAULT_SEALED = "Vault sealed"
    BAD_DEPLOY = "A bad deploy"
    TOPOLOGY_BAD = "A bad topology.yaml"
    REGION_LOST = "Region lost"

    @property
    def anchor(self) -> str:
        """Return the address of its section within the page."""
        return re.sub(r"[^\w -]", "", self.value.lower()).replace(" ", "-")


SCALES_WITH = {
    Disaster.NEO4J_LOST: "the size of the dump, then the records since the backup",
    Disaster.NEO4J_OLDER: "the size of the dump, then the records since the backup",
    Disaster.KAFKA_LOST: "the start of the brokers, then the records that are sent again",
    Disaster.PARTITION_UNREADABLE: "the time until somebody acts: only this partition waits",
    Disaster.SCHEMAS_LOST: "the restore of the registry's storage",
    Disaster.REGISTRY_FAILED_OVER: "the failover, the time until somebody acts, then the rows of the tables",
    Disaster.VAULT_SEALED: "nothing: events go on, and what waits are signatures",
    Disaster.BAD_DEPLOY: "the records of the topics, which are folded again beside the live graph",
    Disaster.TOPOLOGY_BAD: "nothing: what runs goes on",
    Disaster.REGION_LOST: "what the second graph lacks, then the records that are sent again",
}
