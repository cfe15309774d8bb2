from datetime import UTC, datetime

from workers.dev.demo.steps.models import prices_of
from workers.dev.sample.registry.change import Change, Kind


def test_a_price_corrected_at_its_own_time_is_one_price_and_a_version_is_none() -> None:
    first, second = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
    changes = [Change(Kind.MODEL, {"model_id": "m", "effective_from": since}) for since in (first, second, second)] + [
        Change(Kind.VERSION, {"model_id": "m", "version": "1"})
    ]
    assert prices_of(changes) == [("m", 1_704_067_200_000), ("m", 1_704_153_600_000)]
