import re

import pytest

from workers.core.statement import Template
from workers.pipelines.telemetry.write.plan import ORDER

BY_KEY = re.compile(r"\bMATCH \((\w*):(\w+) \{(\w+): row")


@pytest.mark.parametrize("template", ORDER, ids=lambda each: each.name)
def test_every_node_is_sought_by_its_key_whatever_the_statistics_say(template: Template) -> None:
    for variable, label, key in BY_KEY.findall(template.cypher):
        assert f"USING INDEX SEEK {variable}:{label}({key})" in template.cypher


def test_a_relationship_between_two_known_nodes_is_matched_where_both_are_known() -> None:
    (parted,) = (each.cypher for each in ORDER if each.name == "TRIGGERED_BY parted")
    assert re.search(r"CALL \(e, c\) \{\s+MATCH \(e\)-\[r:TRIGGERED_BY\]->\(c\)\s", parted)
