"""What every panel must have, so that somebody who sees it for the first time can act."""

import re

import pytest

from tests.unit.dev.dashboards.committed import DASHBOARDS, Json, Shown, panels
from tests.unit.monitoring.room import sections

LINKED = re.compile(r"/d/([\w-]+)(?:\?var-(\w+)=)?")
COLUMNS = 24
HARD_WORDS = re.compile(r"\b(told|likewise|anew|whoever|via|leverage|utilize)\b", re.IGNORECASE)
LONGEST_TITLE = 60

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=list(DASHBOARDS))
PANELS = list(panels("row", "text"))


def test_each_says_what_it_shows_what_is_normal_and_what_to_do() -> None:
    advice = re.compile(r"[^\n]+\.\n\n\*\*Normal:\*\* [^\n]+\.\n\n\*\*Otherwise:\*\* [^\n]+\.")
    assert [each.name for each in PANELS if not advice.fullmatch(each.json["description"])] == []
    assert [each.name for each in PANELS if HARD_WORDS.search(each.json["description"])] == []


def test_each_has_a_title_a_unit_and_colours() -> None:
    assert [each.name for each in PANELS if not 0 < len(each.json["title"]) <= LONGEST_TITLE] == []
    assert [each.name for each in PANELS if not each.json["fieldConfig"]["defaults"]["unit"]] == []
    green = {"color": "green", "value": None}
    assert [
        each.name for each in PANELS if each.json["fieldConfig"]["defaults"]["thresholds"]["steps"][0] != green
    ] == []


def test_data_sources_are_variables() -> None:
    assert [each.name for each in PANELS if not has_variable_source(each)] == []


def has_variable_source(panel: Shown) -> bool:
    variables = {each["name"]: each for each in DASHBOARDS[panel.dashboard]["templating"]["list"]}
    source = panel.json["datasource"]
    variable = variables[source["uid"].strip("${}")]
    return (variable["type"], variable["query"]) == ("datasource", source["type"])


def test_queries_of_a_panel_have_the_names_that_its_table_expects() -> None:
    names = {each.name: "".join(target["refId"] for target in each.json["targets"]) for each in PANELS}
    assert {name: found for name, found in names.items() if not found or not "ABCDEFGHIJ".startswith(found)} == {}


@every_dashboard
def test_panels_have_different_numbers_and_titles(dashboard: Json) -> None:
    numbers = [each["id"] for each in dashboard["panels"]]
    titles = [each["title"] for each in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)
    assert len(set(titles)) == len(titles)


@every_dashboard
def test_panels_fill_the_grid_and_do_not_overlap(dashboard: Json) -> None:
    cells: set[tuple[int, int]] = set()
    for each in dashboard["panels"]:
        at = each["gridPos"]
        covered = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & covered, each["title"]
        cells |= covered
    height = max(y for _, y in cells) + 1
    assert cells == {(x, y) for x in range(COLUMNS) for y in range(height)}


def links(value: object) -> list[str]:
    """Return every ``url`` in a JSON value."""
    if isinstance(value, dict):
        own = [value["url"]] if isinstance(value.get("url"), str) else []
        return own + [url for each in value.values() for url in links(each)]
    return [url for each in value for url in links(each)] if isinstance(value, list) else []


@every_dashboard
def test_links_lead_to_a_dashboard_and_to_a_variable_of_it(dashboard: Json) -> None:
    by_uid = {each["uid"]: each for each in DASHBOARDS.values()}
    found = [LINKED.match(url) for url in links(dashboard)]
    assert found
    for link in found:
        assert link is not None
        target = by_uid[link[1]]
        assert link[2] is None or link[2] in {each["name"] for each in target["templating"]["list"]}


def test_the_overview_leads_to_the_worker_and_to_the_runbook() -> None:
    urls = links(DASHBOARDS["overview"])
    assert any(url.startswith("/d/memory-graph-worker?var-worker=") for url in urls)
    assert "/d/memory-graph-runbook" in urls


def test_the_runbook_has_every_alert_and_every_symptom() -> None:
    contents = [each["options"]["content"] for each in DASHBOARDS["runbook"]["panels"] if each["type"] == "text"]
    alerts, symptoms = contents
    assert all(f"\n## {name}\n" in alerts for name in sections())
    assert "| symptom | meaning | what to do |" in symptoms
    assert "](" not in alerts + symptoms
