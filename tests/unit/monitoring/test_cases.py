"""Every rule has a case in which it fires, or has a value, and one in which it does not."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.unit.monitoring.room import CASES, Rule, load, rule_files, rules


class Case(NamedTuple):
    """What a test of promtool expects of one rule."""

    rule: str
    fires: bool


def cases(file: str) -> Iterator[Case]:
    for test in load(CASES / f"{file}_test.yaml")["tests"]:
        for each in test.get("alert_rule_test", ()):
            yield Case(each["alertname"], bool(each["exp_alerts"]))
        for each in test.get("promql_expr_test", ()):
            yield Case(each["expr"], any(sample["value"] for sample in each["exp_samples"]))


@pytest.mark.parametrize("rule", list(rules()), ids=lambda rule: rule.name)
def test_a_rule_is_seen_firing_and_not_firing(rule: Rule) -> None:
    assert {case.fires for case in cases(rule.file) if case.rule == rule.name} == {True, False}


def test_every_file_of_cases_belongs_to_a_file_of_rules_and_loads_it_alone() -> None:
    assert {file.name for file in CASES.iterdir()} == {f"{file.stem}_test.yaml" for file in rule_files()}
    for file in rule_files():
        loaded: Any = load(CASES / f"{file.stem}_test.yaml")["rule_files"]
        assert [(CASES / each).resolve() for each in loaded] == [file]
