"""One trace as a tree with a timeline: calls, times, cost and errors."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from workers.dev.demo.report import SpanView, TraceView
from workers.dev.demo.screen.units import NONE, dollars, duration

WIDEST_BAR, NARROWEST_BAR = 36, 6
OTHER_COLUMNS = 82
"""Approximate width of everything but the bars, which shrink on smaller screens."""
NARROW = 104
"""On narrower screens, providers and status words are left out, too."""
STATUS = {"SUCCESS": ("✓", "green"), "ERROR": ("✗", "red"), "TIMEOUT": ("⧖", "yellow"), "STARTED": ("…", "blue")}


def trace(view: TraceView | None, width: int) -> RenderableType:
    """Return the tree for ``width`` characters, with a line below each failed span."""
    if view is None or not view.spans:
        return Text("There is no trace to show.", "dim")
    narrow = width < NARROW
    waterfall = Waterfall(view, min(WIDEST_BAR, max(NARROWEST_BAR, width - OTHER_COLUMNS)))
    table = Table(box=None, padding=(0, 1), show_edge=False, header_style="dim")
    table.add_column("span", no_wrap=True)
    table.add_column("" if narrow else "status", no_wrap=True)
    table.add_column("start", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=waterfall.width)
    for column in ("took", "tokens", "cost"):
        table.add_column(column, justify="right", no_wrap=True)
    for guide, below, span in _in_tree(view):
        table.add_row(*_row(guide, span, waterfall, narrow=narrow))
        if span.error is not None:
            table.add_row(Text.assemble((below, "dim"), (span.error, "red")), "", "", _cause(span))
    return Group(_title(view, waterfall.length), table)


class Waterfall:
    """Draws when a span ran, relative to the time of its trace."""

    def __init__(self, view: TraceView, width: int) -> None:
        self.begin = min(span.start_ms for span in view.spans)
        self.length = max(max(span.start_ms + span.latency_ms for span in view.spans) - self.begin, 1)
        self.width = width

    def bar(self, span: SpanView, colour: str) -> Text:
        """Return the bar of a span: at least one character."""
        before = min(self.width - 1, int((span.start_ms - self.begin) / self.length * self.width))
        length = max(1, min(self.width - before, round(span.latency_ms / self.length * self.width)))
        after = self.width - before - length
        return Text.assemble(("·" * before, "bright_black"), ("━" * length, colour), ("·" * after, "bright_black"))


def _title(view: TraceView, length: float) -> Text:
    tokens = sum(span.tokens or 0 for span in view.spans)
    cost = sum(span.cost_usd or 0.0 for span in view.spans)
    return Text.assemble(
        ("One trace", "bold"),
        (f"  {view.trace_id}  ", "cyan"),
        (f"{len(view.spans)} calls, {duration(length)}, {tokens:,} tokens, {dollars(cost)}", "dim"),
    )


def _row(guide: str, span: SpanView, waterfall: Waterfall, *, narrow: bool) -> list[Text]:
    icon, colour = STATUS.get(span.status, ("?", "white"))
    return [
        Text.assemble((guide, "dim"), span.model, ("" if narrow else f" {span.provider}", "dim")),
        Text(icon if narrow else f"{icon} {span.status}", colour),
        Text(f"+{duration(span.start_ms - waterfall.begin)}", "dim"),
        waterfall.bar(span, colour),
        Text(duration(span.latency_ms)),
        Text(f"{span.tokens:,}" if span.tokens is not None else NONE),
        Text(dollars(span.cost_usd)),
    ]


def _cause(span: SpanView) -> Text:
    causes = Counter(span.triggered_by)
    names = ", ".join(name if count == 1 else f"{count} {name}" for name, count in causes.items())
    return Text(f"⇐ by {names}" if names else "", "red")


def _in_tree(view: TraceView) -> Iterator[tuple[str, str, SpanView]]:
    """Return the spans in tree order, each with guides for two lines."""
    known = {span.span_id for span in view.spans}
    children: dict[str | None, list[SpanView]] = {}
    for span in view.spans:
        children.setdefault(span.parent_span_id if span.parent_span_id in known else None, []).append(span)

    def walk(parent: str | None, indent: str) -> Iterator[tuple[str, str, SpanView]]:
        siblings = children.get(parent, [])
        for span in siblings:
            last = span is siblings[-1]
            own = "" if parent is None else indent + ("└─ " if last else "├─ ")
            inner = indent if parent is None else indent + ("   " if last else "│  ")
            yield own, inner + ("│ " if span.span_id in children else "  "), span
            yield from walk(span.span_id, inner)

    return walk(None, "")
