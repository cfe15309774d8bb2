"""The machine that the benchmark ran on."""

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]  # it ships no types

MEBIBYTE = 1024 * 1024
LOCAL = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts about the machine. ``load`` is the one-minute load average when the benchmark began."""

    processor: str
    cores: int
    memory_gib: float
    load: float
    python: str
    system: str
    neo4j: str
    kafka: str


class Servers(NamedTuple):
    """The local processes of the servers; ``None`` where one runs elsewhere, and its time is not known."""

    database: psutil.Process | None
    broker: psutil.Process | None

    def cpu_seconds(self) -> tuple[float, float]:
        """Return what the database and the broker have used; 0 for one that runs elsewhere."""
        database, broker = (cpu_seconds(each) if each else 0.0 for each in self)
        return database, broker


def facts(neo4j: str, kafka: psutil.Process | None) -> Machine:
    """Collect the facts; ``neo4j`` is the database's name and version."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / MEBIBYTE / 1024, 1),
        load=round(os.getloadavg()[0], 2),
        python=platform.python_version(),
        system=platform.platform(terse=True),
        neo4j=neo4j,
        kafka=_kafka_version(kafka),
    )


def server_at(address: str) -> psutil.Process | None:
    """Return the local process that listens at ``host:port`` or a URL, or ``None``."""
    url = urlsplit(address if "://" in address else f"//{address}")
    if url.hostname not in LOCAL or url.port is None:
        return None
    for each in psutil.net_connections("tcp"):
        if each.status == psutil.CONN_LISTEN and each.laddr.port == url.port and each.pid:
            return psutil.Process(each.pid)
    return None


def cpu_seconds(process: psutil.Process) -> float:
    """Return the user and system CPU time of a process, in 0.01 s steps."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _kafka_version(process: psutil.Process | None) -> str:
    words = " ".join(_words(each) for each in process.cmdline()) if process else ""
    found = re.search(r"kafka_[\d.]+-(\d[\d.]*\d)\.jar", words)
    return f"Kafka {found[1]}" if found else "Kafka"


def _words(argument: str) -> str:
    """Return a Java argument, or the contents of the argument file that it names."""
    file = Path(argument[1:])
    return file.read_text() if argument.startswith("@") and file.exists() else argument


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    return found[1] if found else platform.processor()
