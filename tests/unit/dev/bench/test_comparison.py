"""The order of the rounds, and which of them count."""

from typing import cast

from workers.dev.bench.comparison import Comparison, Course, Standing, compare
from workers.dev.bench.contestants import Contestant, Starts
from workers.dev.bench.round import Measured


async def test_rounds_of_all_courses_are_interleaved_and_the_first_is_a_warm_up() -> None:
    played: list[str] = []

    def course(records: str) -> Course:
        async def play(contestant: Contestant, name: str) -> Measured:
            played.append(f"{records} {contestant.label} {name}")
            return Measured(1, 1.0, float(len(played)), 0.0, 0.0, 0.0, 0.0, {})

        contestants = {each: Contestant(each, cast("Starts", None)) for each in ("a", "b")}
        return Course(records, contestants, play)

    first, second = await compare([course("late"), course("complete")], 1, lambda _: None)
    assert played == [
        *("late a a-0", "late b b-0", "complete a a-0", "complete b b-0"),
        *("late b b-1", "late a a-1", "complete b b-1", "complete a a-1"),
    ]
    assert [each.events_per_second for each in first["a"].rounds] == [6.0]
    assert [each.events_per_second for each in second["b"].rounds] == [7.0]


def test_two_contestants_are_compared_round_by_round() -> None:
    def standing(*speeds: float) -> Standing:
        return Standing("", [Measured(1, 1.0, speed, 0.0, 0.0, 0.0, 0.0, {}) for speed in speeds])

    comparison = Comparison("complete", 4, 1, {"ours": standing(10, 30, 20), "other": standing(8, 40, 20)})
    assert comparison.beside("ours", "other") == (1.0, 0.75, 1.25)
    assert comparison.beside("ours", "plain") is None
