from hypothesis import given
from hypothesis import strategies as st

from workers.engine.state.entry import Entry

INT64 = st.integers(-(2**63), 2**63 - 1)
UINT32 = st.integers(0, 2**32 - 1)


@given(st.builds(Entry, st.binary(min_size=16, max_size=16), UINT32, UINT32, INT64, INT64, st.binary()))
def test_an_entry_comes_back_as_it_was_packed(entry: Entry) -> None:
    assert Entry.unpack(entry.pack()) == entry
