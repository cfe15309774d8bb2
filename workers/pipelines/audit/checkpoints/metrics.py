"""The metrics of checkpoints."""

from workers.core.metric import gauge

CHECKPOINT_AGE = gauge(
    "audit_checkpoint_age_seconds", "Since the last checkpoint, by the process with partition 0.", "partition"
)
UNSIGNED = gauge("audit_checkpoints_unsigned", "Whether the last checkpoint was published without a signature: 0 or 1.")

METRICS = (CHECKPOINT_AGE, UNSIGNED)
