from itertools import pairwise
from random import Random
from statistics import median

import pytest

from workers.dev.sample.calls.imitate import (
    CONTEXT_TOKENS,
    GENERATED_TOKENS,
    MILLISECONDS_BETWEEN_CALLS,
    draw,
    imitate_trace,
)


def test_the_same_seed_gives_the_same_calls_and_another_seed_others() -> None:
    assert list(imitate_trace(50, 0.0, 7)) == list(imitate_trace(50, 0.0, 7))
    assert list(imitate_trace(50, 0.0, 7)) != list(imitate_trace(50, 0.0, 8))


def test_an_imitation_has_the_medians_tails_and_length_of_the_azure_trace() -> None:
    calls = list(imitate_trace(8_819, 1_700_000_000_000.0, 1))
    generated = sorted(call.completion_tokens for call in calls)
    assert median(call.prompt_tokens for call in calls) == pytest.approx(1_469, rel=0.05)
    assert max(call.prompt_tokens for call in calls) <= 7_437
    assert median(generated) == pytest.approx(13, abs=1)
    assert generated[int(len(generated) * 0.99)] == pytest.approx(252, rel=0.2)
    assert (calls[-1].timestamp - calls[0].timestamp) / 60_000 == pytest.approx(57, rel=0.25)


def test_calls_come_in_bursts_with_pauses_between() -> None:
    gaps = [later.timestamp - earlier.timestamp for earlier, later in pairwise(imitate_trace(5_000, 0.0, 3))]
    assert median(gaps) < 100
    assert 10 < sum(gap > 5_000 for gap in gaps) < 80


@pytest.mark.parametrize("quantiles", [MILLISECONDS_BETWEEN_CALLS, CONTEXT_TOKENS, GENERATED_TOKENS])
def test_what_is_drawn_lies_within_the_quantiles(quantiles: tuple[tuple[float, float], ...]) -> None:
    shares, values = zip(*quantiles, strict=True)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert list(shares) == sorted(shares)
    random = Random(0)  # noqa: S311 - reproducible by design
    assert all(values[0] <= draw(random, quantiles) <= values[-1] for _ in range(1_000))
