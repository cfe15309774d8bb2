"""The pods of a rendered Deployment, and its rolling update."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from math import ceil, floor
from pathlib import Path
from typing import Self

from tests.end_to_end.pod.manifest import Files, Json
from tests.end_to_end.pod.pod import Pod
from tests.end_to_end.program import until


def replicas_of(quantity: int | str, replicas: int, *, up: bool) -> int:
    """Read a number of pods, or a percentage of the replicas, which Kubernetes rounds up for surges and else down."""
    if isinstance(quantity, int):
        return quantity
    share = int(quantity.removesuffix("%")) * replicas / 100
    return ceil(share) if up else floor(share)


class Rollout:
    """A Deployment's pods. ``ended`` has those that are gone, with their exit codes."""

    def __init__(self, deployment: Json, files: Files, folder: Path) -> None:
        self.name = deployment["metadata"]["name"]
        self.replicas = replicas = int(deployment["spec"]["replicas"])
        strategy = deployment["spec"]["strategy"]["rollingUpdate"]
        self.surge = replicas_of(strategy["maxSurge"], replicas, up=True)
        self.unavailable = replicas_of(strategy["maxUnavailable"], replicas, up=False)
        self.ended: list[tuple[Pod, int]] = []
        self.pods: list[Pod] = []
        self._template, self._files, self._folder = deployment["spec"]["template"], files, folder
        self._numbers = count(2)  # 127.0.0.1 is the servers'
        self._stack = ExitStack()
        self._ending: list[threading.Thread] = []
        self._min_ready_seconds = int(deployment["spec"]["minReadySeconds"])

    def __enter__(self) -> Self:
        self.pods = [self._new_pod() for _ in range(self.replicas)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def until_ready(self) -> None:
        """Wait until every pod is ready."""
        until(lambda: all(pod.ready.is_set() for pod in self.pods), f"all pods of {self.name} ready", *self.pods)

    def update(self) -> Iterator[int]:
        """Replace every pod, as the Deployment's controller does. Yield the number of ready pods after each step.

        The next pod starts while one is still ending: for the controller it is gone when its end was asked for.
        """
        old, self.pods = self.pods, []
        while old or len(self.pods) < self.replicas:
            while len(self.pods) < self.replicas and len(old) + len(self.pods) < self.replicas + self.surge:
                self.pods.append(self._new_pod())
            until(lambda: self._spare(old) > 0, f"a pod of {self.name} that may be ended", *self.pods)
            if old:
                self._end(old.pop(0))
            yield sum(pod.ready.is_set() for pod in [*old, *self.pods])
        until(lambda: self._spare([]) == self.unavailable, f"all pods of {self.name} available", *self.pods)
        for thread in self._ending:
            thread.join()

    def end(self) -> None:
        """End all pods, as a Deployment that is scaled to zero."""
        for pod in self.pods:
            self._end(pod)
        for thread in self._ending:
            thread.join()

    def _end(self, pod: Pod) -> None:
        thread = threading.Thread(target=lambda: self.ended.append((pod, pod.terminate())), name=pod.name)
        self._ending.append(thread)
        thread.start()

    def _spare(self, old: list[Pod]) -> int:
        """Return how many available pods there are beyond those that must be available."""
        available = sum(pod.ready_for() >= self._min_ready_seconds for pod in [*old, *self.pods])
        return available - (self.replicas - self.unavailable)

    def _new_pod(self) -> Pod:
        number = next(self._numbers)
        name = f"{self.name}-{number}"
        folder = self._folder / name
        folder.mkdir()
        return self._stack.enter_context(Pod(self._template, self._files, name, f"127.0.0.{number}", folder))
