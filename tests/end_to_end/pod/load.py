"""Random telemetry, sent little by little while something else happens."""

import threading
from collections.abc import Sequence
from itertools import islice
from typing import Self

from tests.end_to_end.scene import Scene
from tests.model.traffic import Sent

TICK_SECONDS = 0.1


class Load:
    """Sends one log to each partition: ``records`` of each every tenth of a second, and the rest at the end."""

    def __init__(self, scene: Scene, logs: Sequence[Sequence[Sent]], records: int) -> None:
        self.left = sum(map(len, logs))
        self._logs = [iter(log) for log in logs]
        self._records = records
        self._log, self._serialize = scene.log(), scene.serializer()
        self._finishing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._finishing.set()
        self._thread.join()

    def finish(self) -> None:
        """Send what is left, at once."""
        self._finishing.set()
        self._thread.join()
        self._send(self.left)
        self._log.flush()

    def _run(self) -> None:
        while not self._finishing.wait(TICK_SECONDS):
            self._send(self._records)

    def _send(self, records: int) -> None:
        for partition, log in enumerate(self._logs):
            for record_name, fields in islice(log, records):
                key = (fields["trace_id"] or fields["model_id"]).encode()
                self._log.send(key, self._serialize(record_name, fields), partition=partition)
                self.left -= 1
