"""Register a connector with Kafka Connect's REST API, and check that it runs.

https://kafka.apache.org/documentation/#connect_rest
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.adapters.kafka_connect.rest import ask, no_answer
from workers.config.settings import KafkaConnectSettings
from workers.core.errors import Misconfigured, Unreachable

RUNNING_WITHIN_SECONDS = 90.0
STALE_SECONDS = 10.0
"""How long after a restart Connect may still report the earlier failure."""
POLL_SECONDS = 0.2
TIMEOUT_SECONDS = 30
OK = range(200, 300)
NOT_FOUND = 404
REBALANCING = 409
REFUSED = 400
CAUSE = "Caused by: "


@dataclass(frozen=True, slots=True)
class Connector:
    """One connector: the base URL of its Connect worker, its name, and who signed the worker's certificate."""

    url: str
    name: str
    cafile: Path | None = None

    def ensure(self, config: Mapping[str, str]) -> None:
        """Register the connector with ``config`` and wait until it runs.

        Restarts it once if it had failed; does nothing if it already runs with ``config``. Raises ``Misconfigured``
        when Connect refuses the configuration, ``Unreachable`` when the connector fails, or does not run within 90 s.
        """
        deadline = time.monotonic() + RUNNING_WITHIN_SECONDS
        if self._request("GET", "/config", deadline) != {**config, "name": self.name}:
            self._request("PUT", "/config", deadline, config)
        failures_count_from = time.monotonic()
        if _traces(self._request("GET", "/status", deadline)):
            self._request("POST", "/restart?includeTasks=true&onlyFailed=true", deadline)
            failures_count_from += STALE_SECONDS
        while not self._runs(deadline, failures_count_from):
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"the connector {self.name} did not run within {RUNNING_WITHIN_SECONDS:.0f} s: see connect's log."
                )
            time.sleep(POLL_SECONDS)

    def failure(self) -> str | None:
        """Return one sentence about why the connector fails; ``None`` if it works or is starting.

        Raises ``Unreachable`` when Connect does not answer.
        """
        status = self._request("GET", "/status", time.monotonic() + TIMEOUT_SECONDS)
        if status is None:
            return f"the connector {self.name} is not registered"
        traces = _traces(status)
        return self._failed(traces) if traces else None

    def _runs(self, deadline: float, failures_count_from: float) -> bool:
        """Return whether connector and tasks run.

        Raises ``Unreachable`` for a failure after the time ``failures_count_from``; earlier ones may be old.
        """
        status = self._request("GET", "/status", deadline)  # None until Connect has read the new configuration
        traces, parts = _traces(status), list(_parts(status))
        if traces and time.monotonic() > failures_count_from:
            raise Unreachable(f"{self._failed(traces)}; correct that, then run memory-graph stack up again.")
        return len(parts) > 1 and all(part["state"] == "RUNNING" for part in parts)

    def _failed(self, traces: Sequence[str]) -> str:
        return f"the connector {self.name} has failed: {reason_in(traces[0])} (more in the log of connect)"

    def _request(self, method: str, path: str, deadline: float, body: Any = None) -> Any:
        """Return Connect's answer, ``None`` for status 404; wait during a rebalance."""
        while True:
            status, answer = self._request_once(method, path, body)
            if status in OK:
                return answer
            if status == NOT_FOUND:
                return None
            if status != REBALANCING or time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        message = f"Kafka Connect refuses {method} {path} of the connector {self.name}: {answer}"
        raise Misconfigured(message) if status == REFUSED else Unreachable(message)

    def _request_once(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        settings = KafkaConnectSettings(url=self.url, cafile=self.cafile)
        text = None if body is None else json.dumps(body)
        where = f"/connectors/{self.name}{path}"
        status, answer = ask(settings, method, where, text, timeout_seconds=TIMEOUT_SECONDS)
        try:
            return status, json.loads(answer) if answer else {}
        except ValueError as error:
            raise no_answer(settings, error) from None


def reason_in(trace: str) -> str:
    """Return a Java stack trace's first line, and its innermost cause if any."""
    lines = [line.strip() for line in trace.splitlines()]
    causes = [line.removeprefix(CAUSE) for line in lines if line.startswith(CAUSE)]
    return " <- ".join(filter(None, [lines[0] if lines else "no reason given", *causes[-1:]]))


def _traces(status: Any) -> list[str]:
    return [part.get("trace", "") for part in _parts(status) if part["state"] == "FAILED"]


def _parts(status: Any) -> Iterator[Any]:
    """Yield the connector's own state, then the state of each task."""
    if status:
        yield status["connector"]
        yield from status["tasks"]
