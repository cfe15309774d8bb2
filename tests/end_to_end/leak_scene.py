"""A fleet at the debug level among marked values, and everything that it and the command line say, write and show."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import neo4j
import psutil  # type: ignore[import-untyped]  # it ships no types
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from tests.conftest import HOME
from tests.end_to_end.canaries import Canaries
from tests.end_to_end.echo import Echo
from tests.end_to_end.marked_records import send_audit, send_registry, send_telemetry
from tests.end_to_end.outsider import SCHEMAS, Log, Serializer, read_all
from tests.end_to_end.program import Program, get, run, until
from workers.adapters.kafka.lag import group_lag
from workers.config.settings import Settings
from workers.dev.stack.running import RunningStack
from workers.dev.stack.tls.certificates import Certificate

TOPOLOGY = """\
schemas: {schemas}
topics:
  {name}-telemetry: {{partitions: 1, key: trace_id, max_message_bytes: 16777216}}
  {name}-registry: {{partitions: 1, key: model_id}}
  {name}-audit: {{partitions: 1, key: content_id, max_message_bytes: 16777216}}
  audit-checkpoints: {{partitions: 1, key: chain, retention_hours: 876000}}
defaults: {{session_timeout_seconds: 6, log_level: DEBUG}}
workers:
  telemetry: {{topic: {name}-telemetry, group: {name}-telemetry}}
  registry: {{topic: {name}-registry, group: {name}-registry}}
  audit: {{topic: {name}-audit, group: {name}-audit, checkpoint: {{every_events: 1, on_outage: continue}}}}
"""
CRASH = """\
import workers.pipelines.telemetry.worker as telemetry
from workers.cli.main import main

def parse(decoded, now_ms, accept):
    raise TypeError({error})

telemetry.parse = parse
main()
"""
WORKERS = ("telemetry", "registry", "audit")
OURS = "__dlq.errors."
NOWHERE = "127.0.0.1:1"


class LeakScene:
    """``evidence`` has what was collected, by where it was."""

    def __init__(self, stack: RunningStack, settings: Settings, folder: Path, echo: Echo) -> None:
        self.canaries = Canaries()
        self.name = f"leaks-{self.canaries.run}"
        self.stack, self.settings, self.folder, self.echo = stack, settings, folder, echo
        self.evidence: dict[str, bytes] = {}
        self.bad = dict.fromkeys(WORKERS, 0)
        topology = folder / "topology.yaml"
        topology.write_text(TOPOLOGY.format(schemas=SCHEMAS, name=self.name))
        marks = self.canaries
        self.secrets = {
            "KAFKA_PASSWORD": marks["KAFKA_PASSWORD"],
            "SCHEMA_REGISTRY_PASSWORD": marks["SCHEMA_REGISTRY_PASSWORD"],
            "NEO4J_PASSWORD": stack.environment["NEO4J_PASSWORD"],
            "NEW_NEO4J_PASSWORD": marks["NEW_NEO4J_PASSWORD"],
            "REGISTRY_API_TOKEN": marks["REGISTRY_API_TOKEN"],
            "VAULT_TOKEN": marks["VAULT_TOKEN"],
            "VAULT_SECRET_ID": marks["VAULT_SECRET_ID"],
            "REGISTRY_DATABASE_URL": f"postgresql://reader:{marks['REGISTRY_DATABASE_URL']}@{NOWHERE}/registry",
        }
        marks.values["NEO4J_PASSWORD"] = self.secrets["NEO4J_PASSWORD"]
        self.environment = {
            **stack.environment,
            **self.secrets,
            "KAFKA_USERNAME": "somebody",
            "SCHEMA_REGISTRY_USERNAME": "somebody",
            "REGISTRY_API_URL": echo.url,
            "VAULT_ADDR": echo.url,
            "KAFKA_CONNECT_URL": echo.url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": echo.url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{marks['OTLP_HEADERS']}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "LOG_LEVEL": "DEBUG",
            "MEMORY_GRAPH_TOPOLOGY": str(topology),
        }
        self.secrets["OTLP_HEADERS"] = marks["OTLP_HEADERS"]

    def collect(self) -> None:
        """Run everything, and keep what it says."""
        for command in (["topology", "apply", "--execute"], ["graph", "migrate"]):
            self.command(*command, code=0)
        self.send()
        with Program(["fleet"], self.environment, self.folder / "fleet.log") as fleet, ThreadPoolExecutor(2) as beside:
            refused = beside.submit(self.refusals)
            addresses = self.addresses(fleet)
            until(self.is_caught_up, "all records read", fleet)
            until(lambda: self.echo.spans, "spans", fleet)
            until(lambda: any(each.startswith("/v1/") for each in self.echo.asked), "a login at the vault", fleet)
            self.look_at_processes(fleet)
            self.look_at_pages(addresses)
            self.commands(addresses)
            refused.result()
            assert fleet.stop() == 0
        self.evidence["log of the fleet"] = fleet.log.read_bytes()
        self.evidence["log of a crash"] = self.crash("'unhashable type'")
        self.evidence["spans"] = self.echo.exported()
        self.look_at_kafka()
        self.look_at_the_graph()
        self.evidence.update({f"server log {each}": each.read_bytes() for each in self.server_logs()})

    def send(self) -> None:
        kafka, registry = self.settings.kafka.bootstrap_servers, self.settings.schema_registry.url
        topics = {worker: f"{self.name}-{worker}" for worker in WORKERS}
        serializer = Serializer(registry, topics["telemetry"], SCHEMAS / "telemetry")
        telemetry = Log(kafka, topics["telemetry"])
        self.bad["telemetry"] = send_telemetry(telemetry, self.canaries, serializer, registry, self.name)
        self.bad["audit"] = send_audit(Log(kafka, topics["audit"]), self.canaries, registry)
        self.bad["registry"] = send_registry(Log(kafka, topics["registry"]), registry)

    def addresses(self, fleet: Program) -> dict[str, str]:
        """Return the address of each worker, once it is ready or its servers have refused it."""
        lines = fleet.until_logged("replica started", len(WORKERS))
        fleet.until_logged("worker started", len(WORKERS))
        return {line["worker"]: line["address"] for line in lines}

    def is_caught_up(self) -> bool:
        lags = [group_lag(self.settings.kafka, f"{self.name}-{each}", f"{self.name}-{each}") for each in WORKERS]
        return all(part.lag == 0 for lag in lags for part in lag.values())

    def command(self, *arguments: str, code: int | None = None, changed: Mapping[str, str] | None = None) -> None:
        """Run a command, and keep what it says."""
        ended, out, err = run(arguments, {**self.environment, **(changed or {})})
        assert code is None or ended == code, out + err
        assert "Traceback" not in err, err
        known = self.evidence.setdefault(f"command {' '.join(arguments)}", b"")
        self.evidence[f"command {' '.join(arguments)}"] = known + (out + err).encode()

    def commands(self, addresses: Mapping[str, str]) -> None:
        urls = [part for address in addresses.values() for part in ("--worker-url", address)]
        self.command("doctor")
        self.command("doctor", "-o", "json")
        self.command("topology", "check", code=0)
        self.command("topology", "diff", *urls)
        self.command("topology", "acls")
        self.command("dlq", "list", code=0)
        self.command("dlq", "list", "-o", "json", code=0)
        self.command("stack", "status", "--name", self.stack.name)

    def refusals(self) -> None:
        """Have each server refuse the process, or not be there."""
        key = generate_private_key(SECP256R1())
        encryption = BestAvailableEncryption(b"another password")
        (self.folder / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        (self.folder / "tls.crt").write_text(Certificate.authority("leaks").certificate_pem)
        mutual = {
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_SSL_CERTFILE": str(self.folder / "tls.crt"),
            "KAFKA_SSL_KEYFILE": str(self.folder / "tls.key"),
            "KAFKA_SSL_KEY_PASSWORD": self.canaries["KAFKA_SSL_KEY_PASSWORD"],
        }
        self.secrets["KAFKA_SSL_KEY_PASSWORD"] = self.canaries["KAFKA_SSL_KEY_PASSWORD"]
        nobody = {"NEO4J_USERNAME": self.name, "NEO4J_PASSWORD": self.canaries["WRONG_NEO4J_PASSWORD"]}
        self.command("worker", "telemetry", changed=mutual, code=2)
        self.command("worker", "telemetry", changed=nobody, code=2)
        self.command("worker", "telemetry", changed={"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"})
        self.command(
            "doctor", changed={**nobody, "SCHEMA_REGISTRY_URL": self.echo.url, "KAFKA_BOOTSTRAP_SERVERS": NOWHERE}
        )
        self.command("worker", "telemetry", changed={"KAFKA_SECURITY_PROTOCOL": "TLS", "VAULT_ROLE_ID": "r"}, code=2)
        self.command("registry", "resnapshot")
        self.command("audit", "verify")
        self.command("graph", "rebuild", "--into", f"bolt://{NOWHERE}", code=3)

    def crash(self, error: str) -> bytes:
        """Run a worker with a bug until it ends; return what it says."""
        log = Log(self.settings.kafka.bootstrap_servers, f"{self.name}-telemetry")
        log.send(b"more", b"no Avro")
        serializer = Serializer(self.settings.schema_registry.url, log.topic, SCHEMAS / "telemetry")
        send_telemetry(log, self.canaries, serializer, self.settings.schema_registry.url, self.name)
        script = self.folder / "crash.py"
        script.write_text(CRASH.format(error=error))
        command = (sys.executable, str(script), "worker", "telemetry")
        with Program(
            [], self.environment | {"LOG_FORMAT": "console"}, self.folder / "crash.log", command=command
        ) as bug:
            assert bug.exit_code() == 1
        said = bug.log.read_bytes()
        assert b"Traceback" in said
        assert b"TypeError" in said
        return said

    def look_at_processes(self, fleet: Program) -> None:
        """Keep the command line of every process of this machine, and the environment and limits of the workers."""
        lines = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                lines.append("\0".join(process.cmdline()))
        self.evidence["command lines"] = "\n".join(lines).encode()
        self.children = {line["worker"]: psutil.Process(line["pid"]) for line in fleet.events("replica started")}
        self.environments = {worker: process.environ() for worker, process in self.children.items()}
        self.core_limits = {worker: process.rlimit(psutil.RLIMIT_CORE) for worker, process in self.children.items()}

    def look_at_pages(self, addresses: Mapping[str, str]) -> None:
        for worker, address in addresses.items():
            for page in ("metrics", "readyz", "healthz", "topology"):
                self.evidence[f"/{page} of {worker}"] = get(f"{address}/{page}").text.encode()

    def look_at_kafka(self) -> None:
        kafka = self.settings.kafka.bootstrap_servers
        self.letters = {worker: read_all(kafka, f"{self.name}-{worker}.dlq") for worker in WORKERS}
        for worker, letters in self.letters.items():
            headers: list[Any] = [each for letter in letters for each in letter.headers() or ()]
            ours = [f"{name}: {value!r}" for name, value in headers if name.startswith(OURS)]
            self.evidence[f"headers of {worker}'s dead letters"] = "\n".join(ours).encode()
        checkpoints = [
            each for each in read_all(kafka, "audit-checkpoints") if self.name.encode() in (each.value() or b"")
        ]
        assert checkpoints
        self.evidence["checkpoints"] = b"\n".join(each.value() or b"" for each in checkpoints)

    def look_at_the_graph(self) -> None:
        """Keep all properties of all nodes and relationships."""
        texts = [
            json.dumps(each, default=str) for each in self.query("MATCH (n) RETURN labels(n) AS of, properties(n) AS p")
        ]
        texts += [json.dumps(each, default=str) for each in self.query("MATCH ()-[r]->() RETURN properties(r) AS p")]
        self.evidence["graph"] = "\n".join(texts).encode()

    def server_logs(self) -> Iterator[Path]:
        folder = self.stack_folder
        for file in folder.rglob("log*"):
            if file.is_file() and file.stat().st_size < 50_000_000:
                yield file

    @property
    def stack_folder(self) -> Path:
        return HOME / self.stack.name

    def query(self, cypher: str, **parameters: Any) -> Sequence[dict[str, Any]]:
        server = self.settings.neo4j
        auth = (server.username, server.password.get_secret_value())
        with neo4j.GraphDatabase.driver(server.uri, auth=auth) as driver:
            records, _, _ = driver.execute_query(cypher, parameters, database_=server.database)
        return [record.data() for record in records]

    def tear_down(self) -> None:
        """Delete the scene's nodes: other tests share the database."""
        run_ = self.canaries.run
        self.query(
            "MATCH (n:Watermark|ParkedKey|AuditChain|WorkerState) WHERE n.id CONTAINS $run DETACH DELETE n", run=run_
        )
        self.query(
            "MATCH (n) WHERE any(p IN keys(n) WHERE toStringOrNull(n[p]) CONTAINS $run) DETACH DELETE n", run=run_
        )
