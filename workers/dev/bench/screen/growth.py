"""What grows, as a table and as data."""

import math
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from workers.dev.bench.growth.growing import Growing


def growth_table(growing: Growing) -> Table:
    """Return one row for each cost, with a mark on those that grow faster than log n."""
    title = (
        f"costs by the {growing.of}; log n grows {growing.allowed:.2f} times\n"
        "new plan: by a plan that was made at the last size; all others were made at the first"
    )
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    sizes = (f"{size:,}" for size in growing.sizes)
    for name in ("rows", "unit", *sizes, "new plan", "last/first"):
        table.add_column(name, justify="right")
    table.add_column("")
    for cost in growing.costs:
        costs = (f"{each:,.1f}" for each in cost.costs)
        new_plan = "" if cost.new_plan is None else f"{cost.new_plan:,.1f}"
        mark = Text("grows", "red") if growing.grows(cost) else Text("")
        table.add_row(cost.what, f"{cost.rows:,}", cost.unit, *costs, new_plan, f"{cost.ratio:,.2f}", mark)
    return table


def growth_data(growing: Growing) -> dict[str, Any]:
    """Return sizes and costs, each with its ratio, for a program to read."""
    costs = [
        {**asdict(cost), "ratio": cost.ratio if math.isfinite(cost.ratio) else None, "grows": growing.grows(cost)}
        for cost in growing.costs
    ]
    return {"of": growing.of, "sizes": list(growing.sizes), "allowed": growing.allowed, "costs": costs}
