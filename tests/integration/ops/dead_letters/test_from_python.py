"""The example in the documentation of the package, executed as it stands on real servers, but for the topic's name."""

import asyncio
import re
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.integration.ops.dead_letters.conftest import PARTITIONS, SourceTopic
from tests.unit.pipelines.telemetry.records import fields
from workers.adapters.avro.codec import AvroCodec
from workers.adapters.avro.encoder import AvroEncoder
from workers.adapters.avro.schema_registry import SchemaRegistry
from workers.adapters.avro.schemas import load_reader_schemas
from workers.config.settings import Settings
from workers.ops import dead_letters

SCHEMAS = Path(__file__).parents[4] / "schemas" / "avro"
INVOCATION = "com.llm.observatory.events.LLMInvocationEvent"
TOPIC = "llm-telemetry-events"
BAD = 3
PRINTED = """\
3 of number.negative: number.negative: send it
offset 0, key b't1'
offset 3, key b't1'
offset 6, key b't1'
3 to send, 0 left out: [{'token_count': (-1, 0)}, {'token_count': (-1, 0)}, {'token_count': (-1, 0)}]
3 sent, 0 left out: [{'token_count': (-1, 0)}, {'token_count': (-1, 0)}, {'token_count': (-1, 0)}]
"""


def example() -> str:
    found = re.search(r"```python\n(.*?)```", dead_letters.__doc__ or "", re.DOTALL)
    assert found is not None
    assert TOPIC in found[1]
    return found[1]


async def publish(source: SourceTopic) -> None:
    """Send letters of calls with a negative number, and one of another code."""
    async with aclosing(SchemaRegistry(Settings.from_environment().schema_registry)) as registry:
        encoder = AvroEncoder(registry, load_reader_schemas(SCHEMAS / "telemetry"))
        bad = [fields(event_id=f"e{each}", trace_id="t1", token_count=-1) for each in range(BAD)]
        values = [await encoder.encode(source.name, INVOCATION, each) for each in bad]
    records = [source.record(PARTITIONS * at, key=b"t1", value=value) for at, value in enumerate(values)]
    await source.publish([source.letter(each, "number.negative") for each in records])
    await source.publish(source.letters([1]))


async def decoded(source: SourceTopic) -> list[int]:
    async with aclosing(SchemaRegistry(Settings.from_environment().schema_registry)) as registry:
        codec, records = AvroCodec(registry, load_reader_schemas(SCHEMAS / "telemetry")), await source.records()
        await codec.prepare(records)
        return [codec.decode(each).fields["token_count"] for each in records]


def test_the_example_does_what_the_command_line_does(
    source: SourceTopic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    topology = tmp_path / "topology.yaml"
    topology.write_text(f"""\
schemas: {SCHEMAS}
topics: {{{source.name}: {{partitions: {PARTITIONS}, key: trace_id}}}}
workers: {{telemetry: {{topic: {source.name}, group: {source.name}}}}}
""")
    monkeypatch.setenv("MEMORY_GRAPH_TOPOLOGY", str(topology))
    asyncio.run(publish(source))

    exec(compile(example().replace(TOPIC, source.name), "example", "exec"), {})  # noqa: S102 - our own documentation

    printed = capsys.readouterr().out.splitlines(keepends=True)
    assert "".join(line for line in printed if "[info " not in line) == PRINTED, "beside the log"
    assert asyncio.run(decoded(source)) == [0] * BAD
