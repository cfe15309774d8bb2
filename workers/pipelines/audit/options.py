"""The audit worker's options in ``topology.yaml``: its chain, and its security alerts."""

from pydantic import Field, ValidationInfo, field_validator

from workers.config.takes_effect import Restart
from workers.config.worker_options import WorkerOptions
from workers.pipelines.audit.alerts.options import Alerts
from workers.pipelines.audit.archive.options import ArchiveOptions
from workers.pipelines.audit.chain.link import FIRST_CHAIN
from workers.pipelines.audit.checkpoints.options import CheckpointOptions


class AuditOptions(WorkerOptions):
    """The entry of the audit worker."""

    chain_id: Restart[str] = Field(
        default=FIRST_CHAIN,
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="The chain that events are linked into. Another name begins a new chain, in a new group.",
    )
    denial_reasons: Restart[list[str]] = Field(
        default=["insufficient_role", "insufficient_clearance", "mfa_required", "outside_hours", "outside_network"],
        description="Reasons of access.denied that are values of the metric's label; any other counts as other.",
    )
    alerts: Alerts = Alerts()

    checkpoint: CheckpointOptions = CheckpointOptions()
    archive: ArchiveOptions = ArchiveOptions()

    @field_validator("chain_id")
    @classmethod
    def _has_a_group_of_its_own(cls, chain_id: str, info: ValidationInfo) -> str:
        """The offsets that the group has committed are what remembers, outside of the graph, that a chain was begun."""
        group = info.data.get("group", "")
        if chain_id != FIRST_CHAIN and not group.endswith(f"-{chain_id}"):
            raise ValueError(f"needs a group of its own: set group to {group}-{chain_id}")
        return chain_id
