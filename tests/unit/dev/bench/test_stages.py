import sys
import time
from types import FrameType

from workers.dev.bench.profile.sampler import Sampler
from workers.dev.bench.profile.stages import OTHER, stage_of


def frame_in(path: str, function: str) -> FrameType:
    """Return the frame of a function that looks as if it were in the file ``path``."""
    source = f"def {function}(inner):\n    return inner()\n"
    namespace: dict[str, object] = {}
    exec(compile(source, path, "exec"), namespace)  # noqa: S102 - a frame of any file can only be made by running it
    made = namespace[function](lambda: sys._getframe(1))  # type: ignore[operator]  # noqa: SLF001 - the function just made, and its frame
    assert isinstance(made, FrameType)
    return made


def test_a_line_belongs_to_the_stage_of_its_file() -> None:
    assert stage_of(frame_in("/x/workers/adapters/avro/codec.py", "decode")) == "decode"
    assert stage_of(frame_in("/x/site-packages/neo4j/_async/work.py", "run")) == "write: driver"
    assert stage_of(frame_in("/x/site-packages/neo4j/_codec/packstream/v1.py", "pack")) == "write: packing"


def test_the_same_file_may_serve_two_stages() -> None:
    assert stage_of(frame_in("/x/workers/engine/batch/fold.py", "entries")) == "table: dump"
    assert stage_of(frame_in("/x/workers/engine/batch/fold.py", "fold")) == "fold"


def test_what_nobody_claims_is_other() -> None:
    assert stage_of(None) == OTHER


def test_the_sampler_weighs_cpu_time_and_accounts_for_all_of_it() -> None:
    sampler = Sampler()
    began = time.process_time_ns()
    sampler.start()
    while time.process_time_ns() - began < 300_000_000:
        sum(range(1_000))
    sampler.stop()
    used = time.process_time_ns() - began
    data = sampler.as_data()
    assert data["samples"] > 5
    assert 0.8 * used < sum(data["stages"].values()) < 1.2 * used
