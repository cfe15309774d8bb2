"""The thread of Faust's consumer, with a limited time to stop."""

import os
import sys
import threading
from typing import Any, NoReturn

from faust.transport.drivers import aiokafka as driver
from mode.threads import WorkerThread

LEAVE_SECONDS = 10.0
"""Time for the consumer to leave its group after the drain, and again for its thread to end."""


class LeavingThread(WorkerThread):
    """A thread that stops waiting for its end after a time.

    When the broker died while a stopping worker was in a rebalance, aiokafka sent heartbeats for ever and never closed
    (found by a chaos test), and Faust blocked the event loop while it waited.
    """

    def stop(self) -> None:
        """Wait for the end of the thread, for at most ``LEAVE_SECONDS``."""
        if self.is_stopped.wait(LEAVE_SECONDS):
            self.join()


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, with a limited time to stop."""

    Worker = LeavingThread
    shutdown_timeout = LEAVE_SECONDS

    def _create_worker_consumer(self, transport: Any) -> Any:
        """Read only what was committed: Faust would also read the records of aborted transactions."""
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - Faust passes its own; aiokafka reads it at the start
        return consumer


def remains() -> bool:
    """Tell whether a consumer thread still runs: Python would wait for it at the end of the process."""
    return any(isinstance(each, LeavingThread) for each in threading.enumerate())


def end_process(code: int) -> NoReturn:
    """End the process at once, with all its threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
