"""Connectors of a Kafka Connect worker, by its REST interface: registered, running, or why not.

https://kafka.apache.org/documentation/#connect_rest
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from workers.core.errors import Misconfigured, Unreachable

RUNNING_WITHIN_SECONDS = 90.0
STALE_SECONDS = 10.0
"""How long after a restart Connect may go on to tell of the failure before it."""
POLL_SECONDS = 0.2
TIMEOUT_SECONDS = 30
OK = range(200, 300)
NOT_FOUND = 404
REBALANCING = 409
REFUSED = 400
CAUSE = "Caused by: "


@dataclass(frozen=True, slots=True)
class Connector:
    """One connector, by the worker's base URL and its own name."""

    url: str
    name: str

    def ensure(self, config: Mapping[str, str]) -> None:
        """Register it with ``config`` and return when it runs; one that failed before is tried once more.

        Does nothing to one that runs with ``config`` already. Raises ``Misconfigured`` when Connect refuses the
        configuration, ``Unreachable`` when the connector fails, or does not run within 90 s.
        """
        deadline = time.monotonic() + RUNNING_WITHIN_SECONDS
        if self._ask("GET", "/config", deadline) != {**config, "name": self.name}:
            self._ask("PUT", "/config", deadline, config)
        patience = time.monotonic()
        if _traces(self._ask("GET", "/status", deadline)):
            self._ask("POST", "/restart?includeTasks=true&onlyFailed=true", deadline)
            patience += STALE_SECONDS
        while not self._runs(deadline, patience):
            if time.monotonic() > deadline:
                raise Unreachable(f"the connector {self.name} does not run within {RUNNING_WITHIN_SECONDS:.0f} s.")
            time.sleep(POLL_SECONDS)

    def failure(self) -> str | None:
        """Say in one sentence why it does not do its work; ``None`` when it does, or is about to.

        Raises ``Unreachable`` when Connect does not answer.
        """
        status = self._ask("GET", "/status", time.monotonic() + TIMEOUT_SECONDS)
        if status is None:
            return f"the connector {self.name} is not registered"
        traces = _traces(status)
        return self._failed(traces) if traces else None

    def _runs(self, deadline: float, patience: float) -> bool:
        """Tell whether all of it runs; raises ``Unreachable`` when it has failed, once ``patience`` is over."""
        status = self._ask("GET", "/status", deadline)  # none yet, until Connect has read what it was told
        traces, parts = _traces(status), list(_parts(status))
        if traces and time.monotonic() > patience:
            raise Unreachable(f"{self._failed(traces)}; mend that, then run stack up again.")
        return len(parts) > 1 and all(part["state"] == "RUNNING" for part in parts)

    def _failed(self, traces: Sequence[str]) -> str:
        return f"the connector {self.name} has failed: {reason_in(traces[0])} (more in the log of connect)"

    def _ask(self, method: str, what: str, deadline: float, body: Any = None) -> Any:
        """Give Connect's answer, ``None`` where there is no such thing; waits while Connect rebalances."""
        while True:
            status, answer = self._answer(method, what, body)
            if status in OK:
                return answer
            if status == NOT_FOUND:
                return None
            if status != REBALANCING or time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        message = f"Kafka Connect refuses {method} {what} of the connector {self.name}: {answer}"
        raise Misconfigured(message) if status == REFUSED else Unreachable(message)

    def _answer(self, method: str, what: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(self.url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        try:
            text = None if body is None else json.dumps(body)
            headers = {"Content-Type": "application/json"}
            connection.request(method, f"{parts.path}/connectors/{self.name}{what}", text, headers)
            response = connection.getresponse()
            read = response.read()
            return response.status, json.loads(read) if read else {}
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable(f"Kafka Connect at {self.url} does not answer ({error}): start it.") from None
        finally:
            connection.close()


def reason_in(trace: str) -> str:
    """Give the first line of a Java stack trace, and the innermost cause where there is one."""
    lines = [line.strip() for line in trace.splitlines()]
    causes = [line.removeprefix(CAUSE) for line in lines if line.startswith(CAUSE)]
    return " <- ".join(filter(None, [lines[0] if lines else "no reason given", *causes[-1:]]))


def _traces(status: Any) -> list[str]:
    return [part.get("trace", "") for part in _parts(status) if part["state"] == "FAILED"]


def _parts(status: Any) -> Iterator[Any]:
    """Give the connector's own state and that of each task."""
    if status:
        yield status["connector"]
        yield from status["tasks"]
