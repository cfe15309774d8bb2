"""Imitate a public trace when no trace file is available.

Each of the three columns is drawn from the distribution that it has in the Azure LLM inference trace of 2023
for code (AzureLLMInferenceTrace_code.csv, 8,819 calls in 57 minutes; Azure public dataset, CC-BY 4.0; Splitwise,
ISCA 2024), given below by its quantiles. Between two quantiles a value is interpolated on a logarithmic scale.
Time between calls is drawn independently from call to call: most calls follow within a tenth of a second, one
in 150 after seconds or minutes, which gives the bursts and pauses of the original. Context and generated tokens
are uncorrelated in the original (r < 0.01) and here.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from random import Random

from workers.dev.sample.calls.call import Call

CALLS_OF_THE_ORIGINAL = 8_819

Quantiles = Sequence[tuple[float, float]]
"""Pairs of a share (0 to 1) of the values and their positive upper limit."""

MILLISECONDS_BETWEEN_CALLS: Quantiles = (
    (0.0, 0.05),
    (0.1, 0.2),
    (0.2, 1.2),
    (0.3, 3.3),
    (0.4, 15.1),
    (0.5, 63.8),
    (0.6, 95.0),
    (0.7, 100.1),
    (0.8, 160.1),
    (0.9, 273.0),
    (0.95, 400.8),
    (0.98, 798.8),
    (0.99, 2205.2),
    (0.993, 3701.0),
    (0.995, 10124.0),
    (0.997, 28091.0),
    (0.998, 43319.0),
    (0.999, 82752.0),
    (0.9995, 138721.0),
    (1.0, 217169.0),
)
CONTEXT_TOKENS: Quantiles = (
    (0.0, 3),
    (0.1, 147),
    (0.2, 385),
    (0.3, 770),
    (0.4, 1075),
    (0.5, 1469),
    (0.6, 1909),
    (0.7, 2433),
    (0.8, 3193),
    (0.9, 5194),
    (0.95, 7315),
    (1.0, 7437),
)
GENERATED_TOKENS: Quantiles = (
    (0.0, 6),
    (0.1, 7),
    (0.2, 8),
    (0.3, 9),
    (0.4, 11),
    (0.5, 13),
    (0.6, 16),
    (0.7, 20),
    (0.8, 29),
    (0.9, 55),
    (0.95, 90),
    (0.98, 172),
    (0.99, 252),
    (0.995, 361),
    (0.998, 676),
    (0.9995, 895),
    (1.0, 1899),
)


def imitate_trace(count: int, start_ms: float, seed: int) -> Iterator[Call]:
    """Return ``count`` calls from ``start_ms`` (milliseconds since the epoch); the seed decides them."""
    random = Random(f"calls/{seed}")  # noqa: S311 - sample data, reproducible by design
    timestamp = start_ms
    for _ in range(count):
        yield Call(
            timestamp,
            prompt_tokens=round(draw(random, CONTEXT_TOKENS)),
            completion_tokens=round(draw(random, GENERATED_TOKENS)),
        )
        timestamp += draw(random, MILLISECONDS_BETWEEN_CALLS)


def draw(random: Random, quantiles: Quantiles) -> float:
    """Draw a value from the distribution with these quantiles."""
    share = random.random()
    index = bisect_right(quantiles, (share, math.inf)) - 1
    (low_share, low), (high_share, high) = quantiles[index], quantiles[index + 1]
    return low * math.pow(high / low, (share - low_share) / (high_share - low_share))
