"""The report keeps a limited number of findings, and counts all."""

from workers.ops.graph_check.finding import Finding, Kind
from workers.ops.graph_check.report import Report


def test_findings_beyond_the_limit_are_only_counted() -> None:
    report = Report(limit=2)
    report.add(Finding(Kind.COST, f"Invocation t/{number}", "cost_usd", 1, 2, "reprice") for number in range(5))
    assert [each.subject for each in report.findings] == ["Invocation t/0", "Invocation t/1"]
    assert report.found == {"cost": 5}
    assert report.has("Invocation t/1")
    assert not report.has("Invocation t/4")
