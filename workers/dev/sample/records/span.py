"""The span of each call, and the trace and session around it."""

from dataclasses import dataclass, field
from enum import StrEnum
from zlib import crc32

from workers.dev.sample.calls.call import Call
from workers.dev.sample.calls.models import ModelChoice


class Operation(StrEnum):
    """The kind of operation, by OpenTelemetry's generative AI conventions (gen_ai.operation.name)."""

    INVOKE_AGENT = "invoke_agent"
    CHAT = "chat"
    EXECUTE_TOOL = "execute_tool"


class Status(StrEnum):
    """How a call ended: the symbols of the Avro enum."""

    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"


@dataclass(slots=True)
class Failure:
    """Why a span failed. ``error_id`` is the event_id of its error; ``caused_by`` that of the error that caused it."""

    status: Status
    error_type: str
    message: str
    severity: str
    error_id: str
    caused_by: str | None = None


USE_CASES = ("chat", "chat", "chat", "summarization", "coding", "extraction", "translation")
"""Common values occur more than once."""
TEAMS = ("search", "search", "support", "support", "research", "finance")


@dataclass(slots=True)
class Session:
    """A user's conversation: traces, one after another. All ids are opaque."""

    session_id: str
    user_id: str
    classification: str
    free_at: float = 0.0
    """The end of its newest trace, in milliseconds since the epoch."""

    @property
    def use_case(self) -> str:
        """The user's use case, the same for the whole session."""
        return USE_CASES[crc32(self.session_id.encode()) % len(USE_CASES)]

    @property
    def team(self) -> str:
        """The user's team, the same for all sessions of the user."""
        return TEAMS[crc32(self.user_id.encode()) % len(TEAMS)]


@dataclass(slots=True)
class Span:
    """One call as part of its trace. ``own_ms`` is the time of the model itself, in milliseconds."""

    span_id: str
    call: Call
    model: ModelChoice
    operation: Operation
    own_ms: float
    first_token_ms: float
    parent: "Span | None" = None
    failure: Failure | None = None
    retry_of: "Span | None" = None
    retried: bool = False
    cached_tokens: int | None = None
    children: list["Span"] = field(default_factory=list)

    FINISH_SHARE = 0.3

    @property
    def attempt(self) -> int:
        """1 for a first attempt, 2 for its retry, and so on."""
        return 1 if self.retry_of is None else self.retry_of.attempt + 1

    @property
    def end(self) -> float:
        """The end of the span, in milliseconds since the epoch.

        A span with children waits for them, and then takes a share of its own time to finish;
        a latency from the input takes precedence.
        """
        own_end = self.call.timestamp + self.own_ms
        if not self.children or self.call.latency_ms is not None:
            return own_end
        return max(own_end, max(child.end for child in self.children) + self.FINISH_SHARE * self.own_ms)


@dataclass(slots=True)
class Trace:
    """Spans under one root, which is the first of them."""

    trace_id: str
    session: Session
    model: ModelChoice
    planned: int
    spans: list[Span] = field(default_factory=list)

    @property
    def end(self) -> float:
        """The end of its root span, in milliseconds since the epoch."""
        return self.spans[0].end
