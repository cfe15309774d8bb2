"""The alert rules at a multiple of their speed, and a Prometheus that evaluates them."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.conftest import HOME
from tests.end_to_end.program import Program, get, until
from workers.dev.stack.go_programs import build
from workers.dev.stack.home import CACHE
from workers.dev.stack.ports import choose_port
from workers.dev.stack.servers.prometheus import RULES, configuration

TIMES = 12
"""How many times faster. More would make windows shorter than the five seconds between two looks of the engine."""
DURATION = re.compile(r"(?<=\[)(\d+)([smhd])(?=\])|(?<=for: )(\d+)([smhd])$", re.MULTILINE)
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
OF_THE_MACHINE = {"LatencyBudgetBurn", "LatencyBudgetBurnSlow"}
"""What may always fire: how fast the machine of a test is."""


def hurried(rules: str) -> str:
    """Divide every duration of a rule file by ``TIMES``: each ``for`` and each range. Nothing else changes."""

    def shorter(found: re.Match[str]) -> str:
        count, unit = found[1] or found[3], found[2] or found[4]
        return f"{int(count) * SECONDS[unit] * 1000 // TIMES}ms"

    return DURATION.sub(shorter, rules)


class Alerts:
    """A Prometheus that scrapes and evaluates every second."""

    def __init__(self, url: str, program: Program) -> None:
        self.url = url
        self._program = program

    def firing(self, within: str = "") -> set[str]:
        """Return the names of the alerts that fire now, or did ``within`` a range such as ``[20s]``."""
        series = f'ALERTS{{alertstate="firing"}}{within}'
        answer = get(f"{self.url}/api/v1/query?query={quote(f'max_over_time({series})' if within else series)}")
        assert answer.status == 200, answer.text
        return {row["metric"]["alertname"] for row in json.loads(answer.text)["data"]["result"]} - OF_THE_MACHINE

    def until_quiet(self, *programs: Program) -> None:
        until(lambda: not self.firing(), "no alert fires", self._program, *programs)

    def until_fires(self, alert: str, since: float, *programs: Program) -> set[str]:
        """Wait for an alert; return all that have fired since ``since``, a time of the monotonic clock."""
        until(lambda: alert in self.firing(), f"{alert} fires", self._program, *programs)
        return self.firing(f"[{max(1, round(time.monotonic() - since))}s]")


@contextmanager
def hurried_prometheus(folder: Path) -> Iterator[Alerts]:
    """Run a Prometheus with hurried rules; it scrapes the targets in ``folder / "targets"``."""
    rules, targets, port = folder / "rules", folder / "targets", choose_port((), ())
    for made in (rules, targets):
        made.mkdir()
    for file in RULES.glob("*.yaml"):
        (rules / file.name).write_text(hurried(file.read_text()))
    (folder / "prometheus.yml").write_text(configuration(targets, rules, "1s"))
    options = (
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    program = str(build("prometheus", HOME / CACHE))
    with Program(options, {}, folder / "prometheus.log", command=(program,)) as prometheus:
        url = f"http://127.0.0.1:{port}"
        until(lambda: answers(f"{url}/-/ready"), "Prometheus is ready", prometheus)
        yield Alerts(url, prometheus)


def answers(url: str) -> bool:
    try:
        return get(url).status == 200
    except OSError:  # it does not listen yet
        return False
