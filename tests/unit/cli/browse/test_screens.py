"""The way of an operator through the screens, with the keys, at the narrowest terminal and at a wide one."""

import threading

import pytest
from textual.widgets import Input, TextArea

from tests.unit.cli.browse.fake import GROUP, MESSAGE, FakeBackend
from tests.unit.cli.browse.operator import WAIT_SECONDS, begun
from workers.cli.browse.app import BrowseApp, HelpScreen
from workers.cli.browse.fixes import FixesScreen
from workers.cli.browse.groups import GroupsScreen
from workers.cli.browse.letter import LetterScreen
from workers.cli.browse.letters import LettersScreen
from workers.cli.browse.plan import ConfirmScreen, PlanScreen
from workers.cli.browse.screen import Rows, Stopped, watch
from workers.cli.browse.sending import SendingScreen
from workers.core.errors import Unreachable

NARROW, WIDE = (80, 24), (160, 45)
AWAY = Unreachable("Kafka at [::1]:9092 does not answer: start it")


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.mark.parametrize(("size", "columns"), [(NARROW, 4), (WIDE, 9)])
async def test_groups_are_shown_whole_at_every_width(backend: FakeBackend, size: tuple[int, int], columns: int) -> None:
    async with BrowseApp(backend).run_test(size=size) as pilot:
        operator = await begun(pilot)
        assert len(operator.columns()) == columns
        shown = operator.text()
        for whole in ("llm-telemetry-events", "field.missing", "VALIDATE", "telemetry", MESSAGE, "Help", "Quit"):
            assert whole in shown


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_selected_letters_are_repaired_planned_and_sent(backend: FakeBackend, size: tuple[int, int]) -> None:
    async with BrowseApp(backend).run_test(size=size) as pilot:
        operator = await begun(pilot)
        await operator.press("enter", screen=LettersScreen)
        for whole in ("Replay", "Help", "Quit", "4bf92f3577b34da6a3ce929d0e0e4736", "fails: field.missing"):
            assert whole in operator.text()
        await operator.press("space", "down", "space")
        assert "2 selected" in operator.text("#title")
        await operator.press("r", screen=FixesScreen)
        await operator.types("event_id=e1")
        await operator.press("enter", screen=FixesScreen)
        await operator.types("a.b=2")
        await operator.press("ctrl+s", screen=PlanScreen)
        assert "event_id: '' -> 'e1'" in operator.text()
        await operator.types("ok? q")
        await operator.press("enter", screen=ConfirmScreen)
        assert "Send 2 records to llm-telemetry-events, as anna?" in operator.text()
        assert backend.sent == []
        await operator.press("y", screen=SendingScreen)
        assert "done: 2 records are sent, 0 letters are left out" in operator.text("#status")
        await operator.press("escape", screen=GroupsScreen)
    ((chosen, why),) = backend.sent
    assert why == "ok? q"
    assert chosen == (GROUP, frozenset({(0, 0), (2, 0)}), ("event_id=e1", "a.b=2"))
    assert backend.planned == [chosen]


async def test_without_a_reason_or_a_second_yes_nothing_is_sent(backend: FakeBackend) -> None:
    backend.fails = False
    async with BrowseApp(backend).run_test() as pilot:
        operator = await begun(pilot)
        await operator.press("r", screen=FixesScreen)
        await operator.press("ctrl+s", screen=PlanScreen)
        await operator.press("space", "enter")
        assert isinstance(operator.app.screen, PlanScreen)
        assert "type why" in operator.text("#status")
        await operator.types("why")
        await operator.press("enter", screen=ConfirmScreen)
        await operator.press("escape", screen=PlanScreen)
        for screen in (FixesScreen, GroupsScreen):
            await operator.press("escape", screen=screen)
        await operator.press("escape", screen=GroupsScreen)
    assert backend.sent == []


async def test_a_plan_that_sends_nothing_takes_no_reason(backend: FakeBackend) -> None:
    async with BrowseApp(backend).run_test() as pilot:
        operator = await begun(pilot)
        await operator.press("r", screen=FixesScreen)
        await operator.press("ctrl+s", screen=PlanScreen)
        for whole in ("would fail again: repair its schema", "25 would fail again, such as: event_id is ''"):
            assert whole in operator.text()
        assert "nothing of this can be sent" in operator.text("#status")
        assert operator.app.screen.query_one(Input).disabled


async def test_a_letter_is_shown_with_its_failing_field_marked_and_without_control_characters(
    backend: FakeBackend,
) -> None:
    async with BrowseApp(backend).run_test(size=WIDE) as pilot:
        operator = await begun(pilot)
        await operator.press("enter", screen=LettersScreen)
        await operator.press("down", "enter", screen=LetterScreen)
        shown = operator.text()
        assert '"prompt": "What is [bold]this[/bold]?\\u001b[2J"' in shown
        for whole in (
            "llm-telemetry-events [1] 1001",
            "traceparent: 00-4bf9-01",
            f"would fail again: field.missing: {MESSAGE}",
        ):
            assert whole in shown
        await operator.press("n")
        assert "llm-telemetry-events [2] 1002" in operator.text()
        await operator.press("p", "p", "p")
        assert "letter 1 of 10" in operator.text("#title")
        await operator.press("r", screen=FixesScreen)
        await operator.press("ctrl+s", screen=PlanScreen)
    assert backend.planned[0].places == frozenset({(0, 0)})


async def test_a_large_group_is_read_a_page_at_a_time(backend: FakeBackend) -> None:
    async with BrowseApp(backend).run_test() as pilot:
        operator = await begun(pilot)
        await operator.press("enter", screen=LettersScreen)
        await operator.press("space")
        for key in ("n", "n", "n", "p"):
            await operator.press(key)
        assert "page 2, 1 selected" in operator.text("#title")
        assert operator.app.screen.query_one(Rows).row_count == 10
    assert backend.pages == [({}, None), ({0: 10}, None), ({0: 20}, None), ({0: 10}, {0: 20})]


async def test_the_whole_group_is_selected_with_one_key_and_left_out_again(backend: FakeBackend) -> None:
    backend.fails = False
    async with BrowseApp(backend).run_test() as pilot:
        operator = await begun(pilot)
        await operator.press("enter", screen=LettersScreen)
        await operator.press("r")
        assert "nothing is selected" in operator.text("#status")
        await operator.press("space", "a")
        assert "all selected" in operator.text("#title")
        await operator.press("a", "r")
        assert "nothing is selected" in operator.text("#status")
        await operator.press("a", "r", screen=FixesScreen)
        await operator.press("ctrl+s", screen=PlanScreen)
    assert backend.planned[0].places is None


async def test_a_wrong_fix_is_said_at_once(backend: FakeBackend) -> None:
    async with BrowseApp(backend).run_test() as pilot:
        operator = await begun(pilot)
        await operator.press("r", screen=FixesScreen)
        await operator.types("event_id")
        await operator.press("ctrl+s", screen=FixesScreen)
        assert "write FIELD=VALUE" in operator.text("#status")
        assert operator.app.screen.query_one(TextArea).text == "event_id"
    assert backend.planned == []


async def test_a_server_that_is_away_is_a_sentence_on_every_screen(backend: FakeBackend) -> None:
    backend.error, backend.fails = AWAY, False
    async with BrowseApp(backend).run_test() as pilot:
        operator = await begun(pilot)
        assert str(AWAY) in operator.text("#status")
        await operator.press("f5")
        assert operator.text("#status") == ""
        way: list[tuple[str, type[object]]] = [("enter", LettersScreen), ("enter", LetterScreen)]
        for key, screen in way:
            backend.error = AWAY
            await operator.press(key, screen=screen)
            assert str(AWAY) in operator.text("#status")
            await operator.press("escape", key, screen=screen)
        await operator.press("r", screen=FixesScreen)
        backend.error = AWAY
        await operator.press("ctrl+s", screen=PlanScreen)
        assert str(AWAY) in operator.text("#status")
        await operator.press("escape", "ctrl+s", screen=PlanScreen)
        await operator.types("why")
        await operator.press("enter", screen=ConfirmScreen)
        backend.error = AWAY
        await operator.press("y", screen=SendingScreen)
        assert str(AWAY) in operator.text("#status")
        await operator.press("escape", screen=GroupsScreen)


async def test_a_bug_ends_the_program(backend: FakeBackend) -> None:
    backend.error = ValueError("a bug")
    app = BrowseApp(backend)
    with pytest.raises(ValueError, match="a bug"):
        async with app.run_test() as pilot:
            await begun(pilot)
    assert app.return_code == 1


async def test_sending_stops_between_two_batches(backend: FakeBackend) -> None:
    backend.fails = False
    goes_on, batches = threading.Event(), threading.Semaphore(0)

    def sending() -> None:
        batches.release()
        assert goes_on.wait(WAIT_SECONDS)

    backend.sending = sending
    async with BrowseApp(backend).run_test() as pilot:
        operator = await begun(pilot)
        await operator.press("r", screen=FixesScreen)
        await operator.press("ctrl+s", screen=PlanScreen)
        await operator.types("why")
        await operator.press("enter", screen=ConfirmScreen)
        await pilot.press("y")
        await operator.sees(lambda: batches.acquire(blocking=False))
        await operator.sees(lambda: "10 of 25 letters are done" in operator.text("#status"))
        await pilot.press("escape")
        assert "stopping after this batch" in operator.text("#status")
        goes_on.set()
        await operator.answered()
        assert "stopped: 20 of 25 letters are done" in operator.text("#status")


async def test_reading_goes_on_beside_the_screen_and_ends_when_it_is_left(backend: FakeBackend) -> None:
    goes_on, ended = threading.Event(), threading.Event()

    def reading() -> None:
        watch()
        assert goes_on.wait(WAIT_SECONDS)
        try:
            watch()
        except Stopped:
            ended.set()
            raise

    backend.reading = reading
    async with BrowseApp(backend).run_test() as pilot:
        operator = await begun(pilot)
        await pilot.press("enter")
        await operator.sees(lambda: "1 dead letters read" in operator.text())
        await pilot.press("question_mark")
        await operator.sees(lambda: isinstance(operator.app.screen, HelpScreen))
        await pilot.press("escape", "escape")
        await operator.sees(lambda: isinstance(operator.app.screen, GroupsScreen))
        goes_on.set()
        await operator.sees(ended.is_set)


async def test_the_keys_of_a_screen_are_explained(backend: FakeBackend) -> None:
    async with BrowseApp(backend).run_test(size=WIDE) as pilot:
        operator = await begun(pilot)
        await operator.press("enter", screen=LettersScreen)
        await operator.press("question_mark", screen=HelpScreen)
        for explained in ("select this letter, or leave it out", "has no headers that say where it came from"):
            assert explained in operator.text()
        await operator.press("escape", screen=LettersScreen)
        await operator.press("a", "r", screen=FixesScreen)
        await operator.press("question_mark", "f1", screen=HelpScreen)
        assert "show what would be sent" in operator.text()
        await operator.press("escape", screen=FixesScreen)
        assert operator.app.screen.query_one(TextArea).text == "?"


async def test_there_may_be_no_dead_letters() -> None:
    async with BrowseApp(FakeBackend(found=())).run_test() as pilot:
        operator = await begun(pilot)
        assert "there are no such dead letters" in operator.text("#status")
        await operator.press("enter", "r", screen=GroupsScreen)
        await pilot.press("q")
        await operator.sees(lambda: not operator.app.is_running)
