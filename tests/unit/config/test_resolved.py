from pathlib import Path

from workers.config.resolved import resolve


def test_every_value_says_where_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text(
        """\
defaults:
  writers: 2
topics:
  events: {partitions: 3}
workers:
  reader:
    topic: events
    group: readers
    batch: {max_rows: 7}
"""
    )

    values, origins = resolve(file, {})

    assert "defaults" not in values
    assert values["workers"]["reader"]["writers"] == 2
    assert origins["workers", "reader", "writers"] == "topology.yaml:2 (defaults)"
    assert origins["workers", "reader", "batch", "max_rows"] == "topology.yaml:9"
    assert origins["workers", "reader", "batch", "max_wait_ms"] == "built in"
    assert origins["topics", "events", "partitions"] == "topology.yaml:4"
