"""Prometheus, which scrapes the workers of this machine and evaluates the alert rules of the chart."""

import json
from pathlib import Path

from workers.dev.stack.go_programs import folder_of
from workers.dev.stack.ports import accepts, endpoint, http_ok
from workers.dev.stack.server import Command, Instance, LocalServer, plain_environment

PROGRAM = "prometheus"
TARGETS = "METRICS_TARGETS"
INTERVAL = "5s"
RETENTION = "7d"
RULES = Path(__file__).parents[4] / "helm" / "monitoring" / "rules"
"""Where each file is one group of rules or more."""


def configuration(targets: Path, rules: Path = RULES, interval: str = INTERVAL) -> str:
    """Return the configuration, as JSON, which is YAML: scrape what the files in ``targets`` name."""
    return json.dumps(
        {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
            "rule_files": [f"{rules}/*.yaml"],
            "scrape_configs": [
                {
                    "job_name": "memory-graph",
                    "honor_labels": True,  # a few metrics have the label `worker` themselves, with the same value
                    "file_sd_configs": [{"files": [f"{targets}/*.json"], "refresh_interval": interval}],
                }
            ],
        },
        indent=2,
    )


def prepare(instance: Instance) -> None:
    """Write the configuration; forget workers that were killed and could not leave the folder of targets."""
    targets = _targets(instance)
    targets.mkdir(exist_ok=True)
    for file in targets.glob("*.json"):
        host, port = endpoint(json.loads(file.read_text())[0]["targets"][0], 0)
        if not accepts(port, host):
            file.unlink()
    _configuration(instance).write_text(configuration(targets))


def command(instance: Instance) -> Command:
    """Return the command that starts it."""
    program = folder_of(PROGRAM, instance.cache) / PROGRAM
    options = (
        f"--config.file={_configuration(instance)}",
        f"--storage.tsdb.path={instance.folder / 'data'}",
        f"--storage.tsdb.retention.time={RETENTION}",
        f"--web.listen-address=127.0.0.1:{instance.ports['http']}",
    )
    return Command([str(program), *options], plain_environment())


def _configuration(instance: Instance) -> Path:
    return instance.folder / "prometheus.yml"


def _targets(instance: Instance) -> Path:
    return instance.folder / "targets"


PROMETHEUS = LocalServer(
    name="prometheus",
    title="Prometheus",
    ports={"http": 9090},
    address_variable="PROMETHEUS_URL",
    other_variables=(TARGETS,),
    go_programs=(PROGRAM,),
    prepare=prepare,
    command=command,
    ready=lambda instance: http_ok(instance.ports["http"], "/-/ready"),
    exports=lambda instance: {
        "PROMETHEUS_URL": f"http://127.0.0.1:{instance.ports['http']}",
        TARGETS: str(_targets(instance)),
    },
)
