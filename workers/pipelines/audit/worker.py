"""The audit worker: joins reading, chaining, writing and jobs."""

from dataclasses import replace
from functools import partial
from operator import attrgetter

from workers.core.record import TopicPartition
from workers.core.worker import KeyedState, SeenEvents, StoredState, WorkerFactory, WorkerSpec
from workers.pipelines.audit.archive.expiry import ExpireEvents
from workers.pipelines.audit.archive.jobs import ArchiveEvents, MeasureArchiveLag
from workers.pipelines.audit.archive.metrics import METRICS as ARCHIVE_METRICS
from workers.pipelines.audit.checkpoints.checkpoint import TOPIC
from workers.pipelines.audit.checkpoints.jobs import MakeCheckpoints, MeasureCheckpointAge
from workers.pipelines.audit.checkpoints.metrics import METRICS as CHECKPOINT_METRICS
from workers.pipelines.audit.dead_letter_codes import DEAD_LETTER_CODES
from workers.pipelines.audit.events import Event
from workers.pipelines.audit.fold.chain import NEW_CHAIN_FIX, Chain, ChainName
from workers.pipelines.audit.fold.fold import fold
from workers.pipelines.audit.jobs.heal_contents import HEAL_COMPLETIONS, HEAL_PROMPTS
from workers.pipelines.audit.jobs.key_age import MeasureKeyAge
from workers.pipelines.audit.jobs.security_alerts import CountAlerts, RaiseAlerts
from workers.pipelines.audit.metrics import METRICS, report
from workers.pipelines.audit.options import AuditOptions
from workers.pipelines.audit.read.parse import check_key, parse
from workers.pipelines.audit.write.plan import plan
from workers.pipelines.audit.write.statements import SEEN_EVENTS, SEEN_IDS, STORED_CHAINS


def chain_of(partition: TopicPartition, chain_id: str) -> KeyedState[Event, Chain]:
    """Return the state of one partition: its chain."""
    name = ChainName.of(partition, chain_id)
    return KeyedState(
        key=lambda _: str(name),
        new=partial(Chain.new, name),
        fold=fold,
        load=partial(Chain.load, name),
        dump=Chain.dump,
        stored=StoredState(STORED_CHAINS, lambda parts: Chain.restore(name, parts)),
        seen=SeenEvents(attrgetter("audit_id"), SEEN_EVENTS, SEEN_IDS, Chain.learn),
        on_new_graph="fail",
        new_graph_fix=NEW_CHAIN_FIX,
    )


def build(options: AuditOptions, *, has_api: bool) -> WorkerSpec[Event, Chain]:  # noqa: ARG001 - its jobs call no API
    """Build the worker with the options of ``topology.yaml``."""
    of_any = chain_of(TopicPartition(options.topic, 0), options.chain_id)
    return WorkerSpec(
        name="audit",
        source="vault",
        parse=parse,
        plan=plan,
        event_type=attrgetter("event_type"),
        state=replace(of_any, for_partition=partial(chain_of, chain_id=options.chain_id)),
        check_key=check_key,
        observations=attrgetter("observations"),
        report=partial(report, denial_reasons=frozenset(options.denial_reasons)),
        jobs=(
            RaiseAlerts(options.topic, options.alerts),
            CountAlerts(),
            HEAL_PROMPTS,
            HEAL_COMPLETIONS,
            MeasureKeyAge(),
            MakeCheckpoints(options.topic, options.chain_id, options.checkpoint, options.archive.url is not None),
            MeasureCheckpointAge(options.topic, options.chain_id),
            ArchiveEvents(options.topic, options.chain_id, options.archive),
            MeasureArchiveLag(options.topic, options.chain_id, options.archive.url),
            ExpireEvents(options.topic, options.archive),
        ),
    )


AUDIT = WorkerFactory(
    name="audit",
    options=AuditOptions,
    build=build,
    publishes=lambda _: (TOPIC,),
    servers=("vault",),
    metrics=(*METRICS, *CHECKPOINT_METRICS, *ARCHIVE_METRICS),
    dead_letter_codes=DEAD_LETTER_CODES,
)
