"""The thread that Faust's consumer runs in, which keeps no drained process alive."""

import os
import sys
import threading
from typing import NoReturn

from faust.transport.drivers import aiokafka as driver
from mode.threads import WorkerThread

LEAVE_SECONDS = 10.0
"""For the consumer to leave its group once everything is drained, and then again for its thread to end."""


class LeavingThread(WorkerThread):
    """A thread that is not waited for without end.

    Where the broker died while a worker that had been told to go was in a rebalance, aiokafka sent heartbeats for
    ever and never closed (found by chaos); Faust waited for it with the event loop held up.
    """

    def stop(self) -> None:
        """Wait for the thread's end, within the time that it has to leave."""
        if self.is_stopped.wait(LEAVE_SECONDS):
            self.join()


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, with an end."""

    Worker = LeavingThread
    shutdown_timeout = LEAVE_SECONDS


def remains() -> bool:
    """Tell whether a consumer thread is still there: Python would wait for it at the process's end."""
    return any(isinstance(each, LeavingThread) for each in threading.enumerate())


def end_process(code: int) -> NoReturn:
    """End the process with all its threads, as they are."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
