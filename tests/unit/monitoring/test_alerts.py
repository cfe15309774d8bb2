"""Every alert says how bad it is, what to do first, and where to read on."""

import re
import shlex

import pytest
from typer.main import get_command

from tests.unit.monitoring.room import RUNBOOK, Rule, alerts, rule_files, rules, sections
from workers.cli.main import build_app

ALERTS = alerts()
SPECIFIED = {
    "HighErrorRate": ("5m", "critical"),
    "KafkaConsumerLag": ("10m", "warning"),
    "VaultOperationFailure": ("2m", "critical"),
    "CircuitBreakerOpen": ("1m", "warning"),
}
PARTS = ("**Meaning.**", "**First.**", "**Fix.**", "**Over when**")
EXAMPLES = {
    "WORKER": "telemetry",
    "TOPIC": "registry-changes",
    "KEY": "gpt-4o",
    "DATE": "2026-01-31",
    "SCHEMA": "checkout",
    "VERSION": "2",
}
COMMAND = re.compile(r"`(memory-graph [^`]+)`")

each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


def test_every_file_is_a_subject_with_groups_of_its_own() -> None:
    assert len(rule_files()) >= len({"slo", "fleet", "partitions", "servers", "dead_letters"})
    names = [rule.name for rule in rules()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", SPECIFIED)
def test_the_four_specified_alerts_have_their_time_and_severity(name: str) -> None:
    (alert,) = [each for each in ALERTS if each.name == name]
    assert (alert.content["for"], alert.content["labels"]["severity"]) == SPECIFIED[name]


@each_alert
def test_an_alert_has_a_severity_a_summary_a_description_a_link_and_a_command(alert: Rule) -> None:
    assert alert.content["labels"] == {"severity": alert.content["labels"]["severity"]}
    assert alert.content["labels"]["severity"] in {"critical", "warning"}
    assert list(alert.annotations) == ["summary", "description", "runbook", "command"]
    assert re.search(r"\$value|[0-9]", alert.annotations["summary"]), "the summary names a number"
    assert alert.annotations["runbook"] == f"helm/monitoring/RUNBOOK.md#{alert.name.lower()}"


@each_alert
def test_the_section_of_an_alert_begins_with_its_command(alert: Rule) -> None:
    first = re.search(r"\*\*First\.\*\* `([^`]+)`", sections()[alert.name])
    assert first
    assert with_examples(first[1]) == with_examples(alert.annotations["command"])


def test_the_runbook_has_a_section_for_each_alert_and_for_nothing_else() -> None:
    assert set(sections()) == {alert.name for alert in ALERTS}
    incomplete = [name for name, text in sections().items() if [part for part in PARTS if text.count(part) != 1]]
    assert incomplete == []


def test_the_links_of_the_runbook_to_its_own_sections_lead_somewhere() -> None:
    named = set(re.findall(r"\]\(#(\w+)\)", RUNBOOK.read_text()))
    assert named
    assert named <= {name.lower() for name in sections()}


def with_examples(command: str) -> str:
    """Return a command with examples for its placeholders and for the templates of an annotation."""
    command = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda label: EXAMPLES[label[1].upper()], command)
    command = re.sub(r"\{\{ \(now .*? \}\}", EXAMPLES["DATE"], command)
    return re.sub(r"\b[A-Z]{3,}\b", lambda word: EXAMPLES.get(word[0], word[0]), command)


COMMANDS = sorted(
    {
        *(with_examples(each) for each in COMMAND.findall(RUNBOOK.read_text())),
        *(with_examples(alert.annotations["command"]) for alert in ALERTS),
    }
)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_is_one_of_the_command_line(line: str) -> None:
    command, words = get_command(build_app()), shlex.split(line)[1:]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words)
