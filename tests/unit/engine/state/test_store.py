"""The seam to Faust: what ``StateTable`` relies on is what Faust's table really has."""

from collections import OrderedDict
from pathlib import Path

from tests.unit.engine.toy import TOY
from workers.config.settings import KafkaSettings
from workers.config.worker_options import WorkerOptions
from workers.engine.app import build_app, state_table
from workers.engine.in_force import InForce


def test_the_tables_memory_is_an_ordered_dict_that_its_changelog_does_not_fill(tmp_path: Path) -> None:
    app = build_app(KafkaSettings(), InForce(WorkerOptions(topic="events", group="readers"), TOY), 1, tmp_path)
    table = state_table(app, partitions=3)
    assert isinstance(table.data.data, OrderedDict)
    table.data.apply_changelog_batch([object()], bytes, bytes)
    assert not table.data.data
