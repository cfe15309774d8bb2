from collections import defaultdict

import pytest

from workers.dev.sample.registry.catalogue import catalogue, version_in
from workers.dev.sample.registry.change import Change, Kind


@pytest.fixture(scope="module")
def changes() -> list[Change]:
    return list(catalogue())


def test_every_real_model_is_there_and_each_ones_prices_rise_in_time(changes: list[Change]) -> None:
    times = defaultdict(list)
    for change in changes:
        if change.kind is Kind.MODEL:
            times[change.columns["model_id"]].append(change.columns["effective_from"])
    assert len(times) == 2_330
    assert all(sorted(set(since)) == since for since in times.values())
    assert sum(len(since) > 1 for since in times.values()) > 200


def test_versions_and_capabilities_are_of_models_that_are_there_and_come_once(changes: list[Change]) -> None:
    models = {change.columns["model_id"] for change in changes if change.kind is Kind.MODEL}
    details = [change for change in changes if change.kind is not Kind.MODEL]
    keys = [(*change.columns.values(), change.kind) for change in details]
    assert {change.kind for change in details} == {Kind.VERSION, Kind.CAPABILITY}
    assert {change.columns["model_id"] for change in details} <= models
    assert len(set(keys)) == len(keys)


def test_what_telemetry_calls_a_model_is_among_its_names(changes: list[Change]) -> None:
    named = {change.columns["model_id"]: change.columns for change in changes if change.kind is Kind.MODEL}
    assert "gpt-4-0613" in named["gpt-4"]["metadata"]["aliases"]
    assert named["gpt-4"]["metadata"]["name"]
    assert named["gpt-4"]["context_window"] == 8_192


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("gpt-4o-2024-08-06", "2024-08-06"),
        ("claude-3-5-sonnet-20241022", "2024-10-22"),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "2024-10-22"),
        ("gpt-4-0613", None),
        ("gpt-4", None),
        ("model-20241399", None),
        ("model-120241022", None),
    ],
)
def test_a_version_is_a_date_in_the_name(name: str, version: str | None) -> None:
    assert version_in(name) == version
