"""Who is in a consumer group."""

from confluent_kafka import KafkaError, KafkaException

from workers.adapters.kafka.admin import Admin
from workers.config.settings import KafkaSettings


def group_members(kafka: KafkaSettings, group: str) -> int:
    """Count the members of a group; 0 for one that does not exist. Raises ``Unreachable``, ``Misconfigured``."""
    admin = Admin(kafka)
    answers = admin.client.describe_consumer_groups([group], request_timeout=admin.timeout_seconds)
    try:
        return len(admin.result(answers[group]).members)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return 0
        raise
