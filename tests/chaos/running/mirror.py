"""MirrorMaker 2: copies the topic and the committed offsets of one scenario from one Kafka to another."""

import signal
import subprocess
import threading

from tests.chaos.running.corner import Corner
from workers.dev.stack.jars import fetch
from workers.dev.stack.progress import NoProgress
from workers.dev.stack.server import plain_environment
from workers.dev.stack.servers.java import LOG4J_PROPERTIES, java

PROPERTIES = """\
clusters = {name}, second
{name}.bootstrap.servers = {first}
second.bootstrap.servers = {second}
{name}->second.enabled = true
second->{name}.enabled = false
topics = {topic}
groups = {group}
replication.policy.class = org.apache.kafka.connect.mirror.IdentityReplicationPolicy
{name}.consumer.isolation.level = read_committed
second.exactly.once.source.support = enabled
dedicated.mode.enable.internal.rest = true
listeners = http://127.0.0.1:0
sync.topic.configs.enabled = false
sync.topic.acls.enabled = false
emit.heartbeats.enabled = false
sync.group.offsets.enabled = true
sync.group.offsets.interval.seconds = 1
emit.checkpoints.interval.seconds = 1
refresh.topics.interval.seconds = 1
refresh.groups.interval.seconds = 1
offset.lag.max = 0
plugin.discovery = service_load
replication.factor = 1
checkpoints.topic.replication.factor = 1
offset-syncs.topic.replication.factor = 1
config.storage.replication.factor = 1
offset.storage.replication.factor = 1
status.storage.replication.factor = 1
"""
"""Every interval is the shortest one; the rest is as the page of disasters advises."""
OPTIONS = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
MAIN_CLASS = "org.apache.kafka.connect.mirror.MirrorMaker"


class Mirror:
    """A MirrorMaker of its own, outside of any Connect cluster, in the corner's folder.

    What it stores at the second site has the corner's name, too, as topics that are deleted with those of the corner.
    """

    def __init__(self, corner: Corner, first: str, second: str) -> None:
        folder = corner.folder / "mirror"
        folder.mkdir()
        properties, logging = folder / "mirror.properties", folder / "log4j2.properties"
        properties.write_text(PROPERTIES.format(**vars(corner), first=first, second=second))
        logging.write_text(LOG4J_PROPERTIES)
        jars = fetch("mirror", ("connect",), NoProgress(), threading.Event())["connect"]
        options = (*OPTIONS, f"-Dlog4j2.configurationFile={logging}")
        argv = [*java(folder, jars, *options, MAIN_CLASS), str(properties)]
        with (folder / "log").open("ab") as output:
            self._process = subprocess.Popen(argv, env=plain_environment(), stdout=output, stderr=subprocess.STDOUT)

    def freeze(self) -> None:
        """Send SIGSTOP: it lags from here on."""
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()
        self._process.wait()
