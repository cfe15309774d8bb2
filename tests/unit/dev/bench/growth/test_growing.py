import json
from io import StringIO

import pytest
from rich.console import Console

from workers.core.errors import Misconfigured
from workers.dev.bench.growth.growing import Cost, Growing
from workers.dev.bench.measure.machine import Machine
from workers.dev.bench.run import Options, Report
from workers.dev.bench.screen.show import as_data, show
from workers.dev.bench.screen.targets import targets

MACHINE = Machine("a processor", 2, 24.0, 0.1, "3.11.7", "Linux", "Neo4j 5.26 community", "Kafka 4.3.1")
FLAT = Cost("Invocation", "dbhits/row", 300, [29.3, 29.3, 29.3], 29.3)
AS_LOG_N = Cost("a tree", "dbhits/row", 10, [60.0, 66.0, 72.0])
LINEAR = Cost("TRIGGERED_BY parted", "dbhits/row", 100, [205.0, 410.0, 2_005.0])
OTHER_PLAN = Cost("read states", "dbhits/row", 5, [4.0, 4.0, 4.0], 4_000.0)
FROM_NOTHING = Cost("names that are due", "dbhits", 1, [0.0, 0.0, 3.0])
NOTHING = Cost("nothing", "dbhits", 1, [0.0, 0.0, 0.0])


def growing(*costs: Cost) -> Growing:
    return Growing("calls in the graph", (100_000, 200_000, 1_000_000), list(costs))


def report(*costs: Cost) -> Report:
    return Report(Options(1_000, 1), MACHINE, growth=[growing(*costs)])


def printed(found: Report) -> str:
    text = StringIO()
    show(found, Console(file=text, width=200))
    return text.getvalue()


@pytest.mark.parametrize("cost", [FLAT, AS_LOG_N, NOTHING])
def test_what_grows_as_log_n_or_less_is_not_marked(cost: Cost) -> None:
    assert growing().allowed == pytest.approx(1.2)
    assert growing(cost).too_fast == []
    assert "grows" not in printed(report(cost)).split("last/first")[1].split("targets")[0]


@pytest.mark.parametrize(("cost", "ratio"), [(LINEAR, "9.78"), (OTHER_PLAN, "1,000.00"), (FROM_NOTHING, "inf")])
def test_what_grows_faster_is_marked_by_the_worse_plan(cost: Cost, ratio: str) -> None:
    text = printed(report(FLAT, cost))
    (line,) = [line for line in text.splitlines() if cost.what in line and "grows" in line and "log n with" not in line]
    assert ratio in line
    assert "100,000" in text
    assert "1,000,000" in text


def test_the_target_names_what_grows() -> None:
    (target,) = targets(report(FLAT, LINEAR))
    assert not target.met
    assert target.found == "TRIGGERED_BY parted"
    (target,) = targets(report(FLAT, AS_LOG_N))
    assert target.met


def test_the_data_is_json_with_every_ratio() -> None:
    (data,) = json.loads(json.dumps(as_data(report(LINEAR, FROM_NOTHING)), allow_nan=False))["growth"]
    assert data["sizes"] == [100_000, 200_000, 1_000_000]
    linear, from_nothing = data["costs"]
    assert linear["costs"] == [205.0, 410.0, 2_005.0]
    assert linear["ratio"] == pytest.approx(2_005 / 205)
    assert linear["grows"]
    assert from_nothing["ratio"] is None
    assert from_nothing["grows"]


@pytest.mark.parametrize("sizes", [(1_000,), (1_000, 100), (50, 1_000), (1_000, 1_000), (100, 1_000, 500)])
def test_sizes_that_cannot_be_compared_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(Misconfigured, match=r"--growth .* is not two sizes or more from 100 on, the smallest first"):
        Options(1_000, 1, growth=sizes).checked()


def test_sizes_in_order_are_taken() -> None:
    assert Options(1_000, 1, growth=(100, 1_000, 10_000)).checked().growth == (100, 1_000, 10_000)
