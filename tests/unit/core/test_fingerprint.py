import pytest

from workers.core.fingerprint import canonical_hash, fingerprint


def test_contents_are_known_however_they_are_written() -> None:
    assert fingerprint('{"a": [1, true], "b": "é"}') == fingerprint('{ "b":"\\u00e9",\n"a":[1,true] }')
    assert fingerprint('{"a": 1}') != fingerprint('{"a": "1"}')
    assert fingerprint("{}") == canonical_hash({})


def test_fractions_count_with_all_their_digits() -> None:
    assert fingerprint('{"a": 0.1}') != fingerprint('{"a": 0.10000000000000000000001}')


def test_what_is_no_json_is_told() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        fingerprint("{")
