"""How long a call takes: a time to the first token and a time for each token, both with a long tail."""

from random import Random

from workers.dev.sample.call import Call
from workers.dev.sample.models import ModelChoice

FIRST_TOKEN_MS = 120.0
PREFILL_MS_PER_TOKEN = 0.05
FIRST_TOKEN_SIGMA = 0.45
TOKEN_SIGMA = 0.35
SLOW_SHARE = 0.01
SLOWDOWN_SIGMA = 0.6
SLOWDOWN_MEDIAN = 6.0


def latency(random: Random, call: Call, model: ModelChoice) -> tuple[float, float]:
    """Draw milliseconds to the first token and to the last one.

    Both parts are lognormal, the first grows with the prompt, the second with the generated tokens; one call in a
    hundred meets a queue and takes several times as long. A latency that the trace tells is kept.
    """
    first = (FIRST_TOKEN_MS + PREFILL_MS_PER_TOKEN * call.prompt_tokens) * random.lognormvariate(0, FIRST_TOKEN_SIGMA)
    rest = call.completion_tokens * model.ms_per_token * random.lognormvariate(0, TOKEN_SIGMA)
    slowdown = 1.0
    if random.random() < SLOW_SHARE:
        slowdown = 1 + SLOWDOWN_MEDIAN * random.lognormvariate(0, SLOWDOWN_SIGMA)
    if call.latency_ms is not None:
        return min(first, call.latency_ms), call.latency_ms
    return first * slowdown, (first + rest) * slowdown
