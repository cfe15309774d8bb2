import hashlib
import json
from typing import Any

import pytest

from tests.model.registry_source import BEGINS, Change
from tests.unit.pipelines.registry.rows import parsed, row_change
from workers.core.errors import Dropped, Rejected
from workers.core.stage import Stage
from workers.pipelines.registry.events import (
    UNSENT,
    CapabilityDeleted,
    CapabilityRow,
    Metadata,
    ModelDeleted,
    ModelRow,
    Position,
    Prices,
    SchemaDeleted,
    SchemaRow,
    Text,
    VersionDeleted,
    VersionRow,
)
from workers.pipelines.registry.limits import MAX_NAME_BYTES, MAX_TEXT_BYTES
from workers.pipelines.registry.options import Accept
from workers.pipelines.registry.read.change_event import parser

APRIL = 1_712_620_800_000
PLACEHOLDER = "__debezium_unavailable_value"
APPENDIX_A = Accept(
    providers=["openai", "anthropic", "google", "meta"],
    capabilities=["chat", "vision", "tools", "structured_output"],
    model_id_pattern=r"^[a-z0-9-]+$",
    min_context_window=1_000,
    required=["version", "provider", "capabilities", "context_window"],
)


def model(**changed: Any) -> ModelRow:
    row = parsed(row_change(**changed)).change
    assert isinstance(row, ModelRow)
    return row


def schema(**changed: Any) -> SchemaRow:
    row = parsed(row_change("schemas", **changed)).change
    assert isinstance(row, SchemaRow)
    return row


def rejection(sent: Change, **accept: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        parsed(sent, parser(Accept(**accept)))
    assert caught.value.stage is Stage.VALIDATE
    return caught.value


def test_a_row_of_models_is_read_with_exact_prices_and_utc_times() -> None:
    event = parsed(row_change())
    assert (event.event_type, event.position) == ("model.updated", Position(1, BEGINS))
    row = event.change
    assert isinstance(row, ModelRow)
    assert row[:5] == ("gpt-4-turbo", "2024-04-09", "openai", 128_000, "2023-12-01")
    assert row.prices == Prices("0.01", "0.03", "0.005", None)
    assert (row.effective_from, row.updated_at) == (APRIL, 1_712_657_472_123_456)
    assert row.metadata is not UNSENT
    assert row.metadata[:4] == ("GPT-4 Turbo", ("gpt-4-t",), None, (("eu", 2), ("us", 1)))


def test_prices_by_category_tier_service_tier_and_time_are_read_exactly_in_one_form() -> None:
    cost = {"input": 1, "output": 2, "cache_write": 1.25, "per_request": 0.005, "currency": "EUR", "note": "ours"}
    night = {"from": "16:30", "until": "00:30", "cost_per_1k_tokens": {"input": 0.50}}
    batch = {"service_tier": " Batch ", "price_tiers": {"output": [{"above_tokens": 5, "per_1k_tokens": 1}]}}
    steps = [{"above_tokens": 9, "per_1k_tokens": 3.10}, {"above_tokens": 5, "per_1k_tokens": 2e-3}]
    metadata = {"price_tiers": {"input": steps}, "price_variants": [night, batch]}
    row = model(cost_per_1k_tokens=json.dumps(cost), metadata=json.dumps(metadata))
    assert row.prices == Prices("1", "2", cache_write="1.25", per_request="0.005", currency="EUR")
    assert isinstance(row.metadata, Metadata)
    assert json.loads(row.metadata.price_tiers or "") == {
        "input": [{"above_tokens": 5, "per_1k_tokens": "0.002"}, {"above_tokens": 9, "per_1k_tokens": "3.1"}]
    }
    assert json.loads(row.metadata.price_variants or "") == [
        {"from": "16:30", "until": "00:30", "cost_per_1k_tokens": {"input": "0.5"}, "price_tiers": {}},
        {
            "service_tier": "batch",
            "cost_per_1k_tokens": {},
            "price_tiers": {"output": [{"above_tokens": 5, "per_1k_tokens": "1"}]},
        },
    ]


OF_OTHER_MEDIA = {
    "input_audio": 0.032,
    "output_audio": 0.064,
    "cached_audio": 0.0004,
    "input_image": 0.005,
    "output_image": 0.040,
    "cached_image": 0.00125,
}


def test_prices_of_audio_and_images_are_read_each_as_it_is_sent() -> None:
    day = {"from": "08:00", "until": "20:00", "cost_per_1k_tokens": OF_OTHER_MEDIA}
    steps = {category: [{"above_tokens": 5, "per_1k_tokens": usd}] for category, usd in OF_OTHER_MEDIA.items()}
    row = model(
        cost_per_1k_tokens=json.dumps({"input": 1, "output": 2} | OF_OTHER_MEDIA),
        metadata=json.dumps({"price_tiers": steps, "price_variants": [day]}),
    )
    exact = dict(zip(OF_OTHER_MEDIA, ("0.032", "0.064", "0.0004", "0.005", "0.04", "0.00125"), strict=True))
    assert row.prices == Prices("1", "2", **exact)
    assert isinstance(row.metadata, Metadata)
    assert {
        name: step["per_1k_tokens"] for name, (step,) in json.loads(row.metadata.price_tiers or "").items()
    } == exact
    assert json.loads(row.metadata.price_variants or "")[0]["cost_per_1k_tokens"] == exact


def test_rows_of_the_other_tables_are_read() -> None:
    version, capability = (parsed(row_change(table, "c")).change for table in ("model_versions", "capabilities"))
    assert isinstance(version, VersionRow)
    assert version[:4] == ("gpt-4-turbo", "20240409", APRIL, None)
    assert capability == CapabilityRow("gpt-4-turbo", "vision", APRIL)
    assert schema()[3:] == (("claude-3", "gpt-4"), APRIL - 7_200_000)


def test_equal_json_schemas_have_one_hash_however_they_are_written() -> None:
    one, other = (
        schema(json_schema='{"type": "object", "title": "a"}'),
        schema(json_schema='{"title":"a","type":"object"}'),
    )
    canonical = json.dumps({"title": "a", "type": "object"}, separators=(",", ":"))
    assert isinstance(one.json_schema, Text)
    assert isinstance(other.json_schema, Text)
    assert one.json_schema.digest == other.json_schema.digest == hashlib.sha256(canonical.encode()).hexdigest()


def test_of_a_deleted_row_the_key_is_known() -> None:
    gone = [parsed(row_change(table, "d")).change for table in ("models", "model_versions", "schemas", "capabilities")]
    assert gone == [
        ModelDeleted("gpt-4-turbo"),
        VersionDeleted("gpt-4-turbo", "20240409"),
        SchemaDeleted("tool-calling-v1", "1.0.0"),
        CapabilityDeleted("gpt-4-turbo", "vision"),
    ]


@pytest.mark.parametrize(("operation", "done"), [("r", "read"), ("c", "created"), ("u", "updated"), ("d", "deleted")])
def test_each_operation_has_its_event_type(operation: str, done: str) -> None:
    assert parsed(row_change("capabilities", operation)).event_type == f"capability.{done}"


def test_columns_that_are_too_large_to_be_sent_again_are_known_to_be_unsent() -> None:
    row = model(cost_per_1k_tokens=PLACEHOLDER, metadata=PLACEHOLDER, version=PLACEHOLDER)
    assert (row.prices, row.metadata, row.version, row.text) == (UNSENT, UNSENT, UNSENT, None)
    assert schema(json_schema=PLACEHOLDER, compatible_models=[PLACEHOLDER])[2:4] == (UNSENT, UNSENT)


def test_a_row_of_nulls_is_the_registrys_right_where_nothing_is_required() -> None:
    nulls = dict.fromkeys(("version", "context_window", "training_cutoff", "cost_per_1k_tokens", "metadata"))
    row = model(**nulls, effective_from=None, updated_at=None, deprecated=None)
    assert row[:2] == ("gpt-4-turbo", None)
    assert (row.prices, row.effective_from, row.deprecated) == (Prices(), None, False)


def test_columns_that_nobody_knows_are_passed_over() -> None:
    sent = row_change()
    sent.fields["after"]["added_while_running"] = 1
    assert parsed(sent) == parsed(row_change())


def test_a_price_of_many_digits_stays_exact() -> None:
    assert model(cost_per_1k_tokens='{"input": 0.123456789012345678901234567891, "output": 1200}').prices == Prices(
        "0.123456789012345678901234567891", "1200"
    )


def test_the_documents_own_model_passes_its_appendix_as_it_is_written_there() -> None:
    listed = '{"capabilities": ["chat", "vision", "tools"]}'
    assert parsed(row_change(metadata=listed), parser(APPENDIX_A)).event_type == "model.updated"


def tiers(*steps: dict[str, Any], category: str = "input") -> dict[str, Any]:
    return {"price_tiers": {category: list(steps)}}


def variant(**fields: Any) -> dict[str, Any]:
    return {"price_variants": [fields]}


TIER = {"above_tokens": 200_000, "per_1k_tokens": 0.0025}
FAULTY_PRICES: list[tuple[dict[str, Any], str, str]] = [
    ({"price_tiers": [TIER]}, "price_tiers.type", "metadata.price_tiers is [{"),
    (tiers(TIER, category="imput"), "price_tiers.enum", "'imput', which breaks enum"),
    ({"price_tiers": {"input": TIER}}, "price_tiers.type", "metadata.price_tiers.input is {"),
    (tiers(TIER | {"above_tokens": "200k"}), "price_tiers.type", "price_tiers.input.0.above_tokens is '200k'"),
    (tiers(TIER | {"above_tokens": -1}), "price_tiers.minimum", "price_tiers.input.0.above_tokens is -1"),
    (tiers(TIER | {"above_tokens": 10**30}), "price_tiers.maximum", "use a smaller number"),
    (tiers({"above_tokens": 5}), "price_tiers.required", "price_tiers.input.0.per_1k_tokens is missing: fill it in"),
    (
        tiers(TIER | {"per_1k_tokens": "free"}),
        "price_tiers.type",
        "per_1k_tokens is 'free', which breaks type 'number'",
    ),
    (tiers(TIER | {"per_1k_tokens": 10**40}), "cost_per_1k_tokens.digits", "price_tiers.input.0.per_1k_tokens is"),
    (tiers(TIER, TIER), "price_tiers.repeated", "input.1.above_tokens is 200000 a second time: send each"),
    ({"price_variants": {}}, "price_variants.type", "send a value of this type"),
    (variant(cost_per_1k_tokens={}), "price_variants.anyOf", "say when it holds, by service_tier or by from and until"),
    (variant(service_teir="batch"), "price_variants.anyOf", "say when it holds"),
    (variant(service_tier="batch", cost={}), "price_variants.enum", "'cost', which breaks enum"),
    (variant(service_tier=""), "price_variants.minLength", "use a longer name"),
    (variant(**{"from": "16:30"}), "price_variants.dependentRequired", "send both from and until"),
    (variant(**{"from": "24:00", "until": "08:00"}), "price_variants.pattern", "price_variants.0.from is '24:00'"),
    (variant(service_tier="flex", cost_per_1k_tokens={"imput": 1}), "price_variants.enum", "'imput'"),
    (variant(service_tier="flex", price_tiers={"input": [TIER, TIER]}), "price_tiers.repeated", "price_variants.0"),
    (variant(service_tier="\ud800"), "field.not_unicode", "price_variants.0.service_tier"),
]


@pytest.mark.parametrize(
    ("table", "changed", "code", "said"),
    [
        ("models", {"model_id": None}, "field.missing", "model_id is None"),
        ("models", {"model_id": ""}, "field.missing", "model_id is ''"),
        ("models", {"model_id": "a\nb"}, "model_id.pattern", "model_id is 'a\\nb', which breaks pattern"),
        ("models", {"model_id": "a" * (MAX_NAME_BYTES + 1)}, "field.too_large", "1025 bytes"),
        ("models", {"version": "v1"}, "version.pattern", "version is 'v1', which breaks pattern"),
        ("models", {"provider": None}, "provider.required", "provider is missing: fill it in"),
        ("models", {"context_window": 0}, "context_window.minimum", "context_window is 0, which breaks minimum 1"),
        ("models", {"context_window": "8k"}, "field.type", "context_window is '8k'"),
        ("models", {"deprecated": "no"}, "field.type", "deprecated is 'no'"),
        ("models", {"training_cutoff": 10_000_000}, "date.invalid", "training_cutoff is 10000000 days"),
        ("models", {"effective_from": "infinity"}, "timestamp.invalid", "effective_from is 'infinity'"),
        ("models", {"updated_at": 1712620800}, "timestamp.invalid", "updated_at is 1712620800"),
        ("models", {"metadata": "{"}, "json.invalid", "metadata cannot be read as JSON"),
        ("models", {"metadata": "[" * 100_000}, "json.invalid", "metadata cannot be read as JSON"),
        ("models", {"metadata": '{"a": NaN}'}, "json.invalid", "NaN is no number of JSON"),
        ("models", {"metadata": "[]"}, "metadata.type", "metadata is [], which breaks type 'object'"),
        ("models", {"metadata": '{"aliases": "gpt"}'}, "aliases.type", "metadata.aliases is 'gpt'"),
        ("models", {"metadata": '{"aliases": [""]}'}, "aliases.minLength", "metadata.aliases.0"),
        ("models", {"metadata": '{"capabilities": [7]}'}, "capabilities.type", "capabilities.0 is 7"),
        ("models", {"metadata": '{"capabilities": "all"}'}, "capabilities.type", "capabilities is 'all'"),
        ("models", {"metadata": '{"vector_clock": {"eu": 1.5}}'}, "vector_clock.type", "vector_clock.eu is 1.5"),
        ("models", {"metadata": '{"vector_clock": {"eu": "1"}}'}, "vector_clock.type", "vector_clock.eu is '1'"),
        ("models", {"metadata": '{"vector_clock": {"eu": true}}'}, "vector_clock.type", "vector_clock.eu is True"),
        ("models", {"metadata": '{"vector_clock": {"eu": -1}}'}, "vector_clock.minimum", "vector_clock.eu is -1"),
        ("models", {"metadata": '{"vector_clock": [1]}'}, "vector_clock.type", "vector_clock is [1]"),
        ("models", {"cost_per_1k_tokens": "cheap"}, "json.invalid", "cost_per_1k_tokens cannot be read as JSON"),
        ("models", {"cost_per_1k_tokens": "1.5"}, "cost_per_1k_tokens.type", "cost_per_1k_tokens is 1.5"),
        (
            "models",
            {"cost_per_1k_tokens": '{"input": -0.01, "output": 1}'},
            "cost_per_1k_tokens.minimum",
            "cost_per_1k_tokens.input is -0.01, which breaks minimum 0",
        ),
        (
            "models",
            {"cost_per_1k_tokens": '{"input": 1}'},
            "cost_per_1k_tokens.required",
            "cost_per_1k_tokens.output is missing",
        ),
        ("models", {"cost_per_1k_tokens": '{"input": 1e40, "output": 1}'}, "cost_per_1k_tokens.digits", "input is"),
        ("models", {"cost_per_1k_tokens": '{"input": 1e-40, "output": 1}'}, "cost_per_1k_tokens.digits", "input is"),
        *(("models", {"metadata": json.dumps(metadata)}, code, said) for metadata, code, said in FAULTY_PRICES),
        ("model_versions", {"version": None}, "field.missing", "version is None"),
        ("model_versions", {"version": 3}, "field.type", "version is 3"),
        ("model_versions", {"changelog": "x" * (MAX_TEXT_BYTES + 1)}, "field.too_large", "changelog has 1048577 bytes"),
        ("model_versions", {"changelog": "\ud800"}, "field.not_unicode", "changelog holds half a surrogate pair"),
        ("schemas", {"schema_id": None}, "field.missing", "schema_id is None"),
        ("schemas", {"json_schema": "{"}, "json.invalid", "json_schema cannot be read as JSON"),
        ("schemas", {"json_schema": "7"}, "json_schema.invalid", "json_schema is 7: send an object"),
        ("schemas", {"json_schema": '{"type": "objekt"}'}, "json_schema.invalid", "type is 'objekt'"),
        ("schemas", {"json_schema": '{"pattern": "("}'}, "json_schema.invalid", "pattern is '('"),
        ("schemas", {"json_schema": '{"$ref": 7}'}, "json_schema.invalid", "$ref is 7"),
        ("schemas", {"compatible_models": ["a", None]}, "field.type", "compatible_models is None"),
        ("schemas", {"compatible_models": "a"}, "field.type", "compatible_models is 'a'"),
        ("capabilities", {"capability": None}, "field.missing", "capability is None"),
    ],
)
def test_a_bad_column_is_turned_away_with_a_code_and_a_sentence(
    table: str, changed: dict[str, Any], code: str, said: str
) -> None:
    reason = rejection(row_change(table, **changed))
    assert (reason.code, said in reason.message) == (code, True), reason.message


@pytest.mark.parametrize(
    ("table", "changed", "code"),
    [
        ("models", {"provider": "acme", "metadata": '{"capabilities": []}'}, "provider.enum"),
        ("models", {"metadata": '{"capabilities": ["telepathy"]}'}, "capabilities.enum"),
        ("models", {"metadata": "{}"}, "capabilities.required"),
        ("models", {"model_id": "gpt-3.5", "metadata": '{"capabilities": []}'}, "model_id.pattern"),
        ("models", {"context_window": 999, "metadata": '{"capabilities": []}'}, "context_window.minimum"),
        ("capabilities", {"capability": "telepathy"}, "capability.enum"),
    ],
)
def test_what_is_accepted_can_be_narrowed_to_the_appendix(table: str, changed: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as caught:
        parsed(row_change(table, **changed), parser(APPENDIX_A))
    assert caught.value.code == code


def test_of_many_faults_three_are_told_and_the_rest_counted() -> None:
    clock = json.dumps({"vector_clock": dict.fromkeys("abcde", "x")})
    reason = rejection(row_change(metadata=clock, version="v1"))
    assert reason.message.count("which breaks") == 3
    assert reason.message.endswith("; and 3 more")


def test_a_column_that_was_not_sent_is_not_judged() -> None:
    assert parsed(row_change(provider=PLACEHOLDER), parser(Accept(providers=["openai"]))).event_type == "model.updated"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"op": "x"}, "operation.unknown"),
        ({"source": None}, "field.missing"),
        ({"source": {"table": "users", "lsn": 1, "ts_ms": 1}}, "table.unknown"),
        ({"source": {"lsn": 1, "ts_ms": 1}}, "table.unknown"),
        ({"source": {"table": "models", "lsn": "0/1", "ts_ms": 1}}, "field.missing"),
        ({"source": {"table": "models", "lsn": 1, "ts_ms": None}}, "field.missing"),
        ({"after": None}, "field.missing"),
        ({"op": "d"}, "field.missing"),
    ],
)
def test_a_change_event_that_tells_of_no_known_row_is_turned_away(fields: dict[str, Any], code: str) -> None:
    sent = row_change()
    assert rejection(Change(sent.key, sent.fields | fields)).code == code


@pytest.mark.parametrize(("key", "code"), [(None, "key.missing"), (b"", "key.missing"), (b"gpt-5", "key.mismatch")])
def test_a_change_is_keyed_by_its_subject(key: Any, code: str) -> None:
    assert rejection(Change(key, row_change().fields)).code == code


@pytest.mark.parametrize(("operation", "reason"), [("t", "truncate"), ("m", "message")])
def test_operations_that_tell_of_no_row_are_left_out_by_name(operation: str, reason: str) -> None:
    with pytest.raises(Dropped) as caught:
        parsed(Change(b"", row_change().fields | {"op": operation, "after": None}))
    assert (caught.value.reason, caught.value.event_type) == (reason, f"model.{reason}")


@pytest.mark.parametrize(
    ("record_name", "reason"),
    [
        ("io.debezium.connector.postgresql.SchemaChangeValue", "schema_change"),
        ("io.debezium.connector.common.Heartbeat", "heartbeat"),
        ("io.debezium.connector.common.TransactionMetadataValue", "transaction"),
        ("", "tombstone"),
    ],
)
def test_what_debezium_tells_of_itself_is_left_out_by_name(record_name: str, reason: str) -> None:
    with pytest.raises(Dropped) as caught:
        parsed(Change(b"", {"ts_ms": 1}), record_name=record_name)
    assert caught.value.reason == reason


def test_a_record_that_is_not_debeziums_is_turned_away() -> None:
    with pytest.raises(Rejected) as caught:
        parsed(Change(b"", {"ts_ms": 1}), record_name="acme.Other")
    assert caught.value.code == "record.unknown"
