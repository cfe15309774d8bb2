"""The metric of the archive."""

from workers.core.metric import gauge

ARCHIVE_LAG = gauge(
    "audit_archive_lag_seconds",
    "Since the oldest checkpoint that is not in the archive yet, by the process with partition 0.",
    "partition",
)
METRICS = (ARCHIVE_LAG,)
