from decimal import Decimal

import pytest
from psycopg.types.json import Jsonb

from workers.core.errors import Misconfigured, Unreachable
from workers.dev.sample.registry.database import json_text, open_database, parameters
from workers.dev.sample.registry.random_changes import random_changes
from workers.dev.sample.registry.run import write_registry


def test_json_keeps_every_digit_of_a_price() -> None:
    price = Decimal("0.00018000000000000002")
    assert json_text({"input": price}) == b'{"input":0.00018000000000000002}'
    assert json_text([Decimal("1E-7")]) == b"[0.0000001]"
    with pytest.raises(TypeError):
        json_text(object())


def test_json_columns_are_json_and_no_value_is_null_in_sql() -> None:
    given = parameters({"model_id": "m", "metadata": {}, "cost_per_1k_tokens": None})
    assert isinstance(given.pop("metadata"), Jsonb)
    assert given == {"model_id": "m", "cost_per_1k_tokens": None}


def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9/registry") as raised:
        write_registry("postgresql://me:hush@127.0.0.1:9/registry", random_changes(1, 1), rate=0, poison_percent=0)
    assert "hush" not in str(raised.value)


async def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises((Misconfigured, Unreachable), match="PostgreSQL"):
        async with open_database("nowhere"):
            pass
