"""Environment variables of any value: they are used, or each fault is a line with variable and fix, without secrets."""

import os
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.documentation.tables import leaves
from tests.unit.fuzz.mutations import FUZZ, MARK, in_time, mutated
from workers.config.settings import Settings
from workers.config.variables import is_secret, variable_of
from workers.core.errors import Misconfigured

VARIABLES = {variable_of(leaf.path): is_secret(leaf.field) for leaf in leaves(Settings)}
FILES = [f"{name}_FILE" for name, secret in VARIABLES.items() if secret]
LONGEST_LINE = 1_000
GOOD = (
    b"127.0.0.1:9092,b:1",
    b"SASL_SSL",
    b"SCRAM-SHA-512",
    b"http://127.0.0.1:8081/apis",
    b"https://u:p@host:443/x?y=1#z",
    b"bolt+s://127.0.0.1:7687",
    b"neo4j",
    b"1.2",
    b"grpc",
    b"DEBUG",
    b"json",
    b"9464",
    b"7",
    b"/dev/null",
    b"/nowhere",
    b".",
    b"postgresql://u:p@h/d?sslmode=verify-full",
)
ANY = mutated(GOOD).filter(lambda value: b"\0" not in value)
SECRET = mutated([b"x"]).filter(lambda value: b"\0" not in value).map(lambda value: MARK.encode() + value)


@FUZZ
@given(data=st.data())
def test_settings_are_used_or_each_fault_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    environment: dict[bytes, bytes] = {}
    for name in data.draw(st.lists(st.sampled_from(sorted(VARIABLES)), max_size=8, unique=True), "variables"):
        value = SECRET if VARIABLES[name] else st.one_of(ANY, st.sampled_from(GOOD))
        environment[name.encode()] = data.draw(value, name)
    for name in data.draw(st.lists(st.sampled_from(FILES), max_size=2, unique=True), "files"):
        file = tmp_path_factory.getbasetemp() / "secret"
        file.write_bytes(data.draw(st.one_of(SECRET, st.just(b"")), name))
        environment[name.encode()] = data.draw(st.one_of(ANY, st.just(os.fsencode(file))), f"{name} names")

    with in_time():
        try:
            with patch.dict(os.environb, environment, clear=True):
                shown = repr(Settings.from_environment())
        except Misconfigured as fault:
            shown = str(fault)
            lines = shown.splitlines()
            assert len(lines) == 1 or lines[0] == f"{len(lines) - 1} settings are wrong"
            assert max(map(len, lines)) < LONGEST_LINE
            assert lines == shown.split("\n")

    assert MARK not in shown
