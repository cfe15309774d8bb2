from collections import Counter, defaultdict

from workers.dev.sample.registry.change import Change, Kind
from workers.dev.sample.registry.poison import BAD_COLUMNS, GOOD, PoisonKind, poison, strew
from workers.dev.sample.registry.random_changes import random_changes


def test_the_same_seed_gives_the_same_changes_and_another_one_others() -> None:
    assert list(random_changes(50, 1)) == list(random_changes(50, 1))
    assert list(random_changes(50, 1)) != list(random_changes(50, 2))


def test_every_kind_but_schemas_happens_to_the_models_asked_for() -> None:
    changes = list(random_changes(1_000, 7, models=10, prefix="mine-"))
    assert {change.kind for change in changes} == set(Kind) - {Kind.SCHEMA}
    assert {change.columns["model_id"] for change in changes} == {f"mine-{number:03d}" for number in range(10)}


def test_effective_from_only_rises() -> None:
    since = defaultdict(list)
    for change in random_changes(1_000, 3, models=5):
        if "effective_from" in change.columns:
            since[change.columns["model_id"]].append(change.columns["effective_from"])
    assert all(sorted(set(times)) == times for times in since.values())


def test_poison_is_strewn_by_the_hundred_in_every_kind_and_good_changes_pass_unharmed() -> None:
    good = list(random_changes(1_000, 1))
    strewn = list(strew(good, 5))
    bad = [change for change in strewn if change.poison]
    assert [change for change in strewn if not change.poison] == good
    assert Counter(change.poison for change in bad).keys() == set(PoisonKind)
    assert len(bad) == 50


def test_a_bad_row_is_bad_in_one_column_and_repeats_itself() -> None:
    for kind in BAD_COLUMNS:
        columns = poison(kind, 3).columns
        wrong = {name for name, value in columns.items() if value != GOOD.get(name, "poison-3")}
        assert wrong == set(BAD_COLUMNS[kind])
    assert poison(PoisonKind.NO_JSON_SCHEMA, 3) == poison(PoisonKind.NO_JSON_SCHEMA, 3)


def test_no_poison_changes_nothing() -> None:
    changes: list[Change] = list(random_changes(10, 1))
    assert list(strew(changes, 0)) == changes
