"""``memory-graph dlq browse``: starts the terminal interface."""

import sys
from functools import partial
from io import StringIO

import typer

from workers.cli.selection_options import (
    AllowTopicOption,
    AsOption,
    DlqTopicOption,
    EvenFailingOption,
    KeyOption,
    MaxReplaysOption,
    OffsetOption,
    PartitionOption,
    RateOption,
    ReasonOption,
    SinceOption,
    StageOption,
    TopicOption,
    UntilOption,
    WorkerOption,
    configuration,
    dead_letters_of,
    selection,
)
from workers.core.errors import Misconfigured


def browse(  # noqa: PLR0913, PLR0917 - one parameter for each option
    topic: TopicOption = None,
    dlq_topic: DlqTopicOption = None,
    reason: ReasonOption = None,
    stage: StageOption = None,
    worker: WorkerOption = None,
    key: KeyOption = None,
    partition: PartitionOption = None,
    offset: OffsetOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    by: AsOption = None,
    rate: RateOption = None,
    max_replays: MaxReplaysOption = 3,
    even_failing: EvenFailingOption = False,
    allow_topic: AllowTopicOption = None,
) -> None:
    """Look at dead letters on the terminal, repair them and send them back.

    Groups, letters, one letter; then fixes, the plan, and the reason. Nothing is sent before. ? shows the keys.

    Example: memory-graph dlq browse --since 2d
    """
    chosen = selection(
        reason=reason, stage=stage, worker=worker, key=key, partition=partition, offset=offset, since=since, until=until
    )
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Misconfigured("browse needs a terminal: without one, use `memory-graph dlq list`, `show` and `replay`")
    from workers.cli.browse.app import BrowseApp  # noqa: PLC0415 - keeps --help fast
    from workers.cli.browse.backend import KafkaBackend  # noqa: PLC0415 - same reason as above
    from workers.cli.browse.screen import watch  # noqa: PLC0415 - same reason as above
    from workers.observe.log import configure_logging  # noqa: PLC0415 - same reason as above
    from workers.ops.dead_letters.replaying.carry_out import Order  # noqa: PLC0415 - same reason as above

    settings, topology = configuration()
    opened = partial(dead_letters_of, settings, topology.topics, topic, dlq_topic)
    allowed = {*topology.topics, *(allow_topic or ())}
    order = Order(rate=rate, even_failing=even_failing)
    app = BrowseApp(KafkaBackend(settings, topology, opened, chosen, allowed, max_replays, order, by, watch))
    lines = StringIO()  # the screen is taken: log lines wait until it is free
    configure_logging(settings.log, lines)
    try:
        app.run()
    finally:
        sys.stderr.write(lines.getvalue())
    if app.return_code:
        raise typer.Exit(app.return_code)
