"""Group calls into traces and sessions; each call becomes one span at its own time.

The rule, for a given seed:

1. A trace is opened with a number of spans planned for it, 1 to 16 (``PLANNED_SPANS``). Its first call is the root.
2. When all its calls are answered, a trace wants its next call after a pause to think: one, or sometimes
   several at once (``FAN_OUT``), made by the root or, down to a depth of three, by a call of the last round. A
   failed call wants a retry after a backoff, sometimes with a cheaper model; at most two retries.
3. An input call goes to the trace that has wanted one for the longest, up to ``PATIENCE_MS``; after that time
   it stays as it is. A call that no trace wants opens the next trace.
4. A new trace goes to a session whose calls are all answered, for less than ``SESSION_IDLE_MS``, with
   the probability ``SAME_SESSION_SHARE``; otherwise it opens a session, of a user drawn from ``USERS`` (few are busy).
   Where the input names sessions, those are kept, and a trace has calls of one session only.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from workers.dev.sample.calls.call import Call
from workers.dev.sample.calls.models import ModelChoice, choose, named
from workers.dev.sample.records import ids
from workers.dev.sample.records.failures import RETRYABLE, climb, maybe_fail
from workers.dev.sample.records.span import Operation, Span, Trace
from workers.dev.sample.sessions import Sessions

FIRST_TOKEN_MS = 120.0
PREFILL_MS_PER_TOKEN = 0.05
FIRST_TOKEN_SIGMA = 0.45
TOKEN_SIGMA = 0.35
SLOW_SHARE = 0.01
SLOWDOWN_SIGMA = 0.6
SLOWDOWN_MEDIAN = 6.0


def latency(random: Random, call: Call, model: ModelChoice) -> tuple[float, float]:
    """Draw milliseconds to the first token and to the last one.

    Both parts are lognormal: the first grows with the prompt, the second with the generated tokens. One call in a
    hundred waits in a queue and takes several times as long. A latency from the input is kept.
    """
    first = (FIRST_TOKEN_MS + PREFILL_MS_PER_TOKEN * call.prompt_tokens) * random.lognormvariate(0, FIRST_TOKEN_SIGMA)
    rest = call.completion_tokens * model.ms_per_token * random.lognormvariate(0, TOKEN_SIGMA)
    slowdown = 1.0
    if random.random() < SLOW_SHARE:
        slowdown = 1 + SLOWDOWN_MEDIAN * random.lognormvariate(0, SLOWDOWN_SIGMA)
    if call.latency_ms is not None:
        return min(first, call.latency_ms), call.latency_ms
    return first * slowdown, (first + rest) * slowdown


PLANNED_SPANS = ((1, 30), (2, 14), (3, 14), (4, 12), (6, 14), (9, 10), (16, 6))
FAN_OUT = ((1, 75), (2, 15), (3, 7), (4, 3))
PATIENCE_MS = 15_000.0
THINK_MS, THINK_SIGMA = 150.0, 0.8
BACKOFF_MS = 200.0
MAX_ATTEMPTS = 3
MAX_DEPTH = 3
DELEGATE_SHARE = 0.35
FALLBACK_SHARE = 0.3
CACHED_SHARE = 0.5


@dataclass(slots=True)
class Round:
    """Calls that a trace makes at once; the next round waits for all, with retries."""

    trace: Trace
    wanted: int
    spans: list[Span] = field(default_factory=list)


@dataclass(slots=True, order=True)
class Want:
    """A call that a trace wants from ``due`` (milliseconds since the epoch)."""

    due: float
    number: int
    round: Round = field(compare=False)
    parent: Span | None = field(compare=False)
    retry_of: Span | None = field(compare=False, default=None)


class Grouping:
    """Groups calls into traces by the rule above; sessions continue from block to block."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._sessions = Sessions(random)
        self._wants: dict[str | None, list[Want]] = {}
        self._number = 0

    def traces_of(self, calls: Iterable[Call]) -> list[Trace]:
        """Group a block of calls in the order of time. No trace continues in the next block."""
        traces: list[Trace] = []
        self._wants.clear()
        for call in calls:
            want = self._longest_waiting(call)
            if want is None:
                trace = self._open(call)
                traces.append(trace)
                want = Want(call.timestamp, 0, Round(trace, 1), None)
            self._answer(want, call)
        for trace in traces:
            climb(self._random, trace)
        return traces

    def _longest_waiting(self, call: Call) -> Want | None:
        wants = self._wants.get(call.session_id, [])
        while wants and wants[0].due <= call.timestamp:
            want = heapq.heappop(wants)
            if call.timestamp - want.due <= PATIENCE_MS:
                return want
        return None

    def _open(self, call: Call) -> Trace:
        model = named(call.model_id, call.provider) if call.model_id else choose(self._random, call.timestamp)
        session = self._sessions.take(call)
        return Trace(ids.trace_id(self._random), session, model, planned=self._draw(PLANNED_SPANS))

    def _answer(self, want: Want, call: Call) -> None:
        trace = want.round.trace
        span = self._span(want, call)
        trace.spans.append(span)
        want.round.spans.append(span)
        if want.parent is not None:
            want.parent.children.append(span)
        if want.retry_of is not None:
            want.retry_of.retried = True
        trace.session.free_at = max(trace.session.free_at, span.end)
        if span.failure and span.failure.error_type in RETRYABLE and span.attempt < MAX_ATTEMPTS and span.parent:
            backoff = BACKOFF_MS * 2 ** (span.attempt - 1) * self._random.uniform(0.8, 1.2)
            self._want(call, Want(span.end + backoff, self._next_number(), want.round, want.parent, retry_of=span))
            return
        want.round.wanted -= 1
        if want.round.wanted == 0 and len(trace.spans) < trace.planned and trace.spans[0].failure is None:
            self._next_round(call, want.round)

    def _next_round(self, call: Call, last: Round) -> None:
        trace = last.trace
        answered = [span for span in last.spans if span.failure is None and _depth(span) < MAX_DEPTH]
        parent = trace.spans[0]
        if answered and self._random.random() < DELEGATE_SHARE:
            parent = self._random.choice(answered)
        parent.operation = Operation.INVOKE_AGENT
        free_at = max([parent.call.timestamp + parent.own_ms, *(child.end for child in parent.children)])
        due = free_at + THINK_MS * self._random.lognormvariate(0, THINK_SIGMA)
        wanted = min(self._draw(FAN_OUT), trace.planned - len(trace.spans))
        following = Round(trace, wanted)
        for _ in range(wanted):
            self._want(call, Want(due, self._next_number(), following, parent))

    def _span(self, want: Want, call: Call) -> Span:
        model = self._model(want, call)
        first_token_ms, own_ms = latency(self._random, call, model)
        operation = Operation.CHAT if want.parent is None or want.parent.parent is None else Operation.EXECUTE_TOOL
        span = Span(
            ids.span_id(self._random), call, model, operation, own_ms, first_token_ms, want.parent, None, want.retry_of
        )
        if model.caches_prompts and want.parent is not None and self._random.random() < CACHED_SHARE:
            span.cached_tokens = int(call.prompt_tokens * self._random.uniform(0.3, 0.9))
        maybe_fail(self._random, span)
        return span

    def _model(self, want: Want, call: Call) -> ModelChoice:
        if call.model_id is not None:
            return named(call.model_id, call.provider)
        if want.retry_of is not None and self._random.random() < FALLBACK_SHARE:
            return choose(self._random, call.timestamp)
        return want.round.trace.model

    def _want(self, call: Call, want: Want) -> None:
        heapq.heappush(self._wants.setdefault(call.session_id, []), want)

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _draw(self, choices: tuple[tuple[int, int], ...]) -> int:
        return self._random.choices([value for value, _ in choices], weights=[weight for _, weight in choices])[0]


def _depth(span: Span) -> int:
    return 1 if span.parent is None else 1 + _depth(span.parent)
