"""An operator at the screens: keys, and what they show."""

import time
from collections.abc import Callable

from textual.pilot import Pilot
from textual.widgets import Static

from workers.cli.browse.groups import GroupsScreen
from workers.cli.browse.screen import AskingScreen, Rows

WAIT_SECONDS = 60.0


class Operator:
    """Presses keys, and looks at the screen."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self._pilot = pilot
        self.app = pilot.app

    async def press(self, *keys: str, screen: type[object] | None = None) -> None:
        """Press keys, and wait until the screen is there and its question is answered."""
        await self._pilot.press(*keys)
        if screen is not None:
            await self.sees(lambda: isinstance(self.app.screen, screen))
        await self.answered()

    async def types(self, text: str) -> None:
        """Type a text, whose spaces and signs are keys with names."""
        names = {" ": "space", "=": "equals_sign", ".": "full_stop", "?": "question_mark"}
        await self._pilot.press(*(names.get(each, each) for each in text))

    async def answered(self) -> None:
        """Wait until no answer is under way."""
        await self.sees(lambda: not (isinstance(self.app.screen, AskingScreen) and self.app.screen.asking))

    async def sees(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, self.text()
            await self._pilot.pause(0.01)
        await self._pilot.pause()

    def text(self, selector: str = "") -> str:
        """Return what a widget shows, or the whole screen."""
        if selector:
            return str(self.app.screen.query_one(selector, Static).visual)
        compositor = self.app.screen._compositor  # noqa: SLF001 - Textual has no public way to read the screen
        return "\n".join("".join(segment.text for segment in line) for line in compositor.render_strips())

    def columns(self) -> list[str]:
        return [str(column.label) for column in self.app.screen.query_one(Rows).columns.values()]


async def begun(pilot: Pilot[None]) -> Operator:
    operator = Operator(pilot)
    await operator.sees(lambda: isinstance(operator.app.screen, GroupsScreen))
    await operator.answered()
    return operator
