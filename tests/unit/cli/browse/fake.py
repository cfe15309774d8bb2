"""A backend without servers, with letters that tests choose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from workers.adapters.kafka.headers import headers_of
from workers.cli.browse.backend import Chosen, Offsets, Page, Row
from workers.core.dead_letter import DeadLetter
from workers.core.errors import OperatorError, Rejected
from workers.core.record import ConsumedRecord, Decoded
from workers.core.stage import Stage
from workers.ops.dead_letters.count import Group
from workers.ops.dead_letters.journal import Who, who_does_it
from workers.ops.dead_letters.letter import Letter, letter_of
from workers.ops.dead_letters.replaying.replay_tally import Judged, Tally
from workers.ops.dead_letters.replaying.verdict import Verdict
from workers.ops.dead_letters.show import shown

TOPIC = "llm-telemetry-events"
AT = 1_773_144_000_000
MESSAGE = "event_id is '': send each event with its event_id"
FAULT = Rejected(Stage.VALIDATE, "field.missing", MESSAGE)
GROUP = Group(f"{TOPIC}.dlq", "field.missing", "VALIDATE", "telemetry", 25, AT, AT + 60_000, 3, 1, MESSAGE)
OTHER = Group("registry-changes.dlq", "avro.truncated", "DECODE", "registry", 2, AT, AT, 0, 0, "it ends early")
VALUE = {"event_id": "", "provider": "openai", "prompt": "What is [bold]this[/bold]?\x1b[2J", "metadata": {"sdk": "1"}}
PAGE = 10


def letter(number: int, key: bytes = b"4bf92f3577b34da6a3ce929d0e0e4736") -> Letter:
    """Return the letter of a number: its partition and offset follow from it."""
    record = ConsumedRecord(TOPIC, number % 3, 1000 + number, AT, key, b"value", [("traceparent", b"00-4bf9-01")])
    dead = DeadLetter(record, "group", "telemetry", Stage.VALIDATE, "field.missing", MESSAGE, "Rejected", AT)
    return letter_of(record._replace(topic=f"{TOPIC}.dlq", offset=number // 3, headers=headers_of(dead)))


@dataclass(slots=True)
class FakeBackend:
    """Answers at once.

    ``error`` is raised by the next call; ``reading`` is called while a page is read, ``sending`` between batches of ten
    letters
    """

    found: Sequence[Group] = (GROUP, OTHER)
    error: Exception | None = None
    fails: bool = True
    reading: Callable[[], None] = lambda: None
    sending: Callable[[], None] = lambda: None
    planned: list[Chosen] = field(default_factory=list)
    sent: list[tuple[Chosen, str]] = field(default_factory=list)
    pages: list[tuple[Offsets, Offsets | None]] = field(default_factory=list)

    def groups(self) -> list[Group]:
        self._fail()
        return list(self.found)

    def page(self, group: Group, begins: Offsets, ends: Offsets | None) -> Page:
        self._fail()
        self.pages.append((begins, ends))
        self.reading()
        first = begins.get(0, 0)
        last = min(first + PAGE, group.letters)
        rows = [
            Row(letter(number), Verdict.FAILS, FAULT) if number % 5 else Row(letter(number), Verdict.SEND)
            for number in range(first, last)
        ]
        return Page(rows, {0: last} if last < group.letters else None)

    def show(self, group: Group, letter: Letter) -> dict[str, Any]:
        self._fail()
        return shown(letter, Decoded("com.llm.observatory.events.LLMInvocationEvent", VALUE), FAULT)

    def plan(self, chosen: Chosen) -> Tally:
        self._fail()
        self.planned.append(chosen)
        return self._tally(chosen, self._letters(chosen))

    def who(self, why: str) -> Who:
        return who_does_it("anna", why)

    def send(self, chosen: Chosen, who: Who, progress: Callable[[Tally], None]) -> Tally:
        self._fail()
        self.sent.append((chosen, who.why))
        for seen in range(PAGE, self._letters(chosen), PAGE):
            progress(self._tally(chosen, seen))
            self.sending()
        return self._tally(chosen, self._letters(chosen))

    def _letters(self, chosen: Chosen) -> int:
        return chosen.group.letters if chosen.places is None else len(chosen.places)

    def _tally(self, chosen: Chosen, letters: int) -> Tally:
        tally = Tally(overtaken=2)
        fails = self.fails and not chosen.fixes
        fault, verdict = (str(FAULT), Verdict.FAILS) if fails else ("", Verdict.SEND)
        changes = None if fails or not chosen.fixes else {"event_id": ("", "e1")}
        tally.add(Judged(letter(number), verdict, fault, changes) for number in range(letters))
        return tally

    def _fail(self) -> None:
        if isinstance(self.error, OperatorError | ValueError):
            error, self.error = self.error, None
            raise error
