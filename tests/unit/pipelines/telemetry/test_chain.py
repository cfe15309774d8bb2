from workers.pipelines.telemetry.fold.chain import Chain


def _known() -> Chain:
    """Three spans that the graph has: a, b, c, ten milliseconds apart."""
    chain = Chain()
    chain.order = [(0, "a"), (10, "b"), (20, "c")]
    return chain


def test_a_span_after_all_others_is_joined_to_the_last_and_cuts_nothing() -> None:
    chain = _known()
    chain.place(35, "d")
    assert list(chain.added()) == [("c", "d", 15)]
    assert not list(chain.outdated())


def test_a_late_span_is_spliced_in() -> None:
    chain = _known()
    chain.place(13, "late")
    assert list(chain.added()) == [("b", "late", 3), ("late", "c", 7)]
    assert list(chain.outdated()) == ["b"]


def test_at_one_time_the_span_id_decides() -> None:
    chain = _known()
    chain.place(10, "aa")
    assert [span_id for _, span_id in chain.order] == ["a", "aa", "b", "c"]


def test_a_corrected_time_moves_a_span_and_closes_the_gap() -> None:
    chain = _known()
    chain.move(10, 30, "b")
    assert list(chain.added()) == [("a", "c", 20), ("c", "b", 10)]
    assert set(chain.outdated()) == {"a", "b"}


def test_a_corrected_time_within_its_place_changes_durations_only() -> None:
    chain = _known()
    chain.move(10, 12, "b")
    assert list(chain.added()) == [("a", "b", 12), ("b", "c", 8)]
    assert set(chain.outdated()) == {"a", "b"}


def test_what_is_new_in_this_batch_has_nothing_to_cut() -> None:
    chain = Chain()
    for timestamp, span_id in ((30, "c"), (10, "a"), (20, "b")):
        chain.place(timestamp, span_id)
    chain.move(30, 5, "c")
    assert list(chain.added()) == [("c", "a", 5), ("a", "b", 10)]
    assert not list(chain.outdated())


def test_an_untouched_chain_joins_nothing() -> None:
    assert not list(_known().added())
