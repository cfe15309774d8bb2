import pytest

from workers.dev.demo.steps.used_models import compare_used_models
from workers.dev.sample.calls.call import Call
from workers.dev.sample.calls.spellings import SPELLINGS
from workers.dev.sample.records.used_models import UsedModel, expected_models
from workers.dev.sample.stream import telemetry

JANUARY_2026 = 1_767_225_600_000.0
ONE, OTHER = ("t", "1"), ("t", "2")
GPT_4O, STUB = UsedModel("gpt-4o", is_stub=False), UsedModel("our-deployment", is_stub=True)


@pytest.mark.parametrize(
    ("used", "right"),
    [
        ({ONE: [GPT_4O], OTHER: [STUB]}, 2),
        ({ONE: [UsedModel("openai/gpt-4o", is_stub=True)], OTHER: [STUB]}, 1),
        ({ONE: [UsedModel("gpt-4o", is_stub=True)], OTHER: [STUB]}, 1),
        ({ONE: [UsedModel("openai/gpt-4o", is_stub=False)], OTHER: [STUB]}, 1),
        ({ONE: [GPT_4O, STUB], OTHER: [STUB]}, 1),
        ({OTHER: [STUB]}, 1),
    ],
)
def test_every_call_must_use_the_one_model_that_its_name_means(
    used: dict[tuple[str, str], list[UsedModel]], right: int
) -> None:
    assert compare_used_models({ONE: GPT_4O, OTHER: STUB}, used) == [("calls at their Model", 2, right)]


def _expected(provider: str, model_id: str) -> list[UsedModel]:
    call = Call(JANUARY_2026, 1_000, 100, model_id, provider)
    return list(expected_models(telemetry([call], source="test", seed=1)).values())


@pytest.mark.parametrize(
    ("provider", "model_id", "used"),
    [
        ("azure.ai.openai", "gpt-4o-2024-08-06", GPT_4O),
        ("OpenAI", "openai/gpt-4o", GPT_4O),
        ("openrouter", "openai/gpt-4o", UsedModel("openai/gpt-4o", is_stub=False)),
        ("gcp.gemini", "models/gemini-2.5-pro", UsedModel("gemini-2.5-pro", is_stub=False)),
        ("openai", "gpt-4", UsedModel("gpt-4", is_stub=False)),
        ("azure", "our-deployment", STUB),
    ],
)
def test_a_spelling_means_a_model_of_the_registry_or_none(provider: str, model_id: str, used: UsedModel) -> None:
    assert _expected(provider, model_id) == [used]


def test_each_spelling_has_its_model_and_a_name_of_nobody_is_not_compared() -> None:
    assert all(len(_expected(*each[:2])) == 1 for each in SPELLINGS)
    assert _expected("unknown", "our-own") == []
