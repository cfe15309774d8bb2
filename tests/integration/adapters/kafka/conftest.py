import pytest

from workers.adapters.kafka.admin import Admin
from workers.config.settings import KafkaSettings, Settings


@pytest.fixture
def kafka() -> KafkaSettings:
    return Settings.from_environment().kafka


@pytest.fixture
def admin(kafka: KafkaSettings) -> Admin:
    return Admin(kafka)
