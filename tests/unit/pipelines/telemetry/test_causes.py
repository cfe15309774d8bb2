from workers.pipelines.telemetry.fold.causes import Causes
from workers.pipelines.telemetry.fold.span import RaisedError, Span


def _family() -> dict[str, Span]:
    return {"child": Span("child", "e1", parent="parent"), "stray": Span("stray", "e2"), "parent": Span("parent", "e3")}


def _causes(*errors: RaisedError) -> Causes:
    causes = Causes(_family())
    for error in errors:
        causes.add(error)
    return causes


def test_an_error_is_led_to_by_what_it_names_and_by_what_its_child_raised_whichever_came_first() -> None:
    errors = [RaisedError("p", "parent", "s"), RaisedError("c", "child", None), RaisedError("s", "stray", None)]
    for order in (errors, errors[::-1]):
        assert set(_causes(*order).added()) == {("p", "s"), ("p", "c")}


def test_an_error_that_names_itself_has_no_cause() -> None:
    assert not list(_causes(RaisedError("p", "parent", "p")).added())


def test_a_span_that_gets_another_parent_takes_its_errors_along() -> None:
    causes = _causes(RaisedError("p", "parent", None), RaisedError("s", "stray", None), RaisedError("c", "child", None))
    causes.reparent("child", "parent", "stray")
    assert set(causes.added()) == {("s", "c")}
    assert set(causes.removed()) == {("p", "c")}


def test_a_cause_that_is_named_remains_one_when_its_span_gets_another_parent() -> None:
    causes = _causes(RaisedError("p", "parent", "c"), RaisedError("c", "child", None))
    causes.reparent("child", "parent", None)
    assert set(causes.added()) == {("p", "c")}
    assert not list(causes.removed())


def test_pairs_of_earlier_batches_are_not_added_again() -> None:
    spans = _family()
    Causes(spans).add(RaisedError("p", "parent", None))
    causes = Causes(spans)
    causes.restore(spans.values())
    assert "p" in causes
    assert not list(causes.added())
    causes.add(RaisedError("c", "child", None))
    assert set(causes.added()) == {("p", "c")}
