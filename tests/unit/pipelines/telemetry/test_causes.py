from workers.pipelines.telemetry.causes import Causes, Raised
from workers.pipelines.telemetry.span import Span

FAMILY = {"child": Span("child", "e1", parent="parent"), "stray": Span("stray", "e2"), "parent": Span("parent", "e3")}


def _causes(*errors: Raised) -> Causes:
    causes = Causes(FAMILY)
    for error in errors:
        causes.add(error)
    return causes


def test_an_error_is_led_to_by_what_it_names_and_by_what_its_child_raised_whichever_came_first() -> None:
    errors = [Raised("p", "parent", "s"), Raised("c", "child", None), Raised("s", "stray", None)]
    for order in (errors, errors[::-1]):
        assert set(_causes(*order).joined()) == {("p", "s"), ("p", "c")}


def test_an_error_that_names_itself_has_no_cause() -> None:
    assert not list(_causes(Raised("p", "parent", "p")).joined())


def test_a_span_that_gets_another_parent_takes_its_errors_along() -> None:
    causes = _causes(Raised("p", "parent", None), Raised("s", "stray", None), Raised("c", "child", None))
    causes.reparent("child", "parent", "stray")
    assert set(causes.joined()) == {("s", "c")}
    assert set(causes.parted()) == {("p", "c")}


def test_a_cause_that_is_named_remains_one_when_its_span_gets_another_parent() -> None:
    causes = _causes(Raised("p", "parent", "c"), Raised("c", "child", None))
    causes.reparent("child", "parent", None)
    assert set(causes.joined()) == {("p", "c")}
    assert not list(causes.parted())


def test_pairs_of_earlier_batches_are_not_told_again() -> None:
    causes = Causes(FAMILY)
    causes.recall(_causes(Raised("p", "parent", None)).latest())
    assert "p" in causes
    assert not list(causes.joined())
    causes.add(Raised("c", "child", None))
    assert set(causes.joined()) == {("p", "c")}
