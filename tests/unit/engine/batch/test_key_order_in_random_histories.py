"""Random histories of a strict worker, checked by what its operators are promised and not by how it does it.

Each record is numbered by the offset at which it first came. Of each key, the graph always has a beginning of the log:
nothing is applied while something before it waits. Nothing is lost: what is not applied has a dead letter that can be
replayed. Once the rules allow every record, replays apply all that is left, in order.
"""

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from workers.adapters.kafka.headers import PREFIX, headers_of, parse
from workers.core.dead_letter import DeadLetter
from workers.core.errors import Dropped, Rejected
from workers.core.record import ConsumedRecord, Decoded
from workers.core.stage import Stage
from workers.core.statement import Statement
from workers.core.worker import KeyedState, WorkerSpec
from workers.testing import WorkerUnderTest, record

KEYS, KINDS = "abc", "uvwxyz"
OUTCOMES = ("applied", "applied", "decode", "validate", "fold", "write", "dropped")
RULES: dict[str, str] = {}
"""What happens to a record of each kind today."""


@dataclass
class Applied:
    """The state of a key: the numbers of its records, as they were applied. ``kinds`` are those of this batch."""

    numbers: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)


def parse_event(decoded: Decoded, _now_ms: int) -> dict[str, Any]:
    outcome = RULES[decoded.fields["kind"]]
    if outcome == "dropped":
        raise Dropped("policy")
    if outcome in {"decode", "validate"}:
        raise Rejected(Stage(outcome.upper()), f"{outcome}.bad", "bad today")
    return dict(decoded.fields)


def fold(state: Applied, event: dict[str, Any], _offset: int) -> None:
    if RULES[event["kind"]] == "fold":
        raise Rejected(Stage.ENRICH, "fold.bad", "bad today")
    state.numbers.append(event["number"])
    state.kinds.append(event["kind"])


def plan(states: Sequence[Applied]) -> Sequence[Statement]:
    return [Statement("kinds", "UNWIND $rows AS row", [state.kinds for state in states])]


def refuses(statements: Sequence[Statement]) -> bool:
    kinds = [kind for each in statements if each.name == "kinds" for row in each.rows for kind in row]
    return any(RULES[kind] == "write" for kind in kinds)


SPEC: WorkerSpec[dict[str, Any], Applied] = WorkerSpec(
    name="applying",
    source="observatory",
    parse=parse_event,
    plan=plan,
    event_type=lambda _: "event",
    state=KeyedState(
        key=lambda event: event["key"],
        new=Applied,
        fold=fold,
        load=lambda packed: Applied(json.loads(packed)),
        dump=lambda state: json.dumps(state.numbers).encode(),
    ),
)


class History:
    """A log, its worker, and an operator who replays."""

    def __init__(self, random: Random) -> None:
        self.random = random
        RULES.clear()
        RULES.update({kind: random.choice(OUTCOMES) for kind in KINDS})
        self.log: list[ConsumedRecord] = []
        self.sent: set[int] = set()
        """Offsets of records whose dead letters were replayed: of two copies, one is sent."""
        self.dropped: set[int] = set()
        self.given_up: set[int] = set()
        """Records that an operator has released: they have no place in the order any more."""
        self.wiped = False
        self.worker = WorkerUnderTest(SPEC, strict=True)
        self.worker.graph.refuses = refuses
        self.back_up()

    def produce(self) -> None:
        for _ in range(self.random.randint(1, 5)):
            key, offset = self.random.choice(KEYS), len(self.log)
            fields = {"key": key, "kind": self.random.choice(KINDS), "number": offset}
            self.log.append(record("Event", fields, key=key.encode(), offset=offset))

    def replay(self) -> None:
        """Send the letters that are left, or some of them, in the order of their topic."""
        share = self.random.choice([0.5, 1])
        self.send([each for each in self.letters() if self.random.random() < share])

    def send(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            self.sent.add(letter.record.offset)
            headers = [(f"{PREFIX}first.offset", str(parse(headers_of(letter)).first_offset).encode())]
            self.log.append(_again(letter.record, len(self.log), headers))

    def letters(self) -> list[DeadLetter]:
        """Return the letters that were not replayed, without copies."""
        found = {letter.record.offset: letter for letter in reversed(self.worker.dead_letters.letters)}
        return [letter for offset, letter in reversed(found.items()) if offset not in self.sent]

    def change_rules(self) -> None:
        RULES[self.random.choice(KINDS)] = self.random.choice(OUTCOMES)

    def release(self) -> None:
        """Give up the first record of a parked key, or all that waits of it."""
        parked = self.worker.graph.parked
        for id_ in [each for each in parked if self.random.random() < 0.3]:
            only_first = self.random.random() < 0.5
            self.given_up.update(parked[id_][:1] if only_first else parked[id_])
            parked[id_] = parked[id_][1:]
            if not only_first:
                del parked[id_]

    def back_up(self) -> None:
        graph = self.worker.graph
        self.backup = deepcopy((graph.states, graph.parked, graph.watermark, self.dropped))

    def wipe(self) -> None:
        self.backup = ({}, {}, -1, set())
        self.restore()

    def restore(self) -> None:
        graph = self.worker.graph
        graph.states, graph.parked, graph.watermark, self.dropped = deepcopy(self.backup)
        self.wiped = True
        self.worker.claim()

    async def run(self) -> None:
        """Deliver what the graph does not have, in batches of any size; some die on the way, and are read again."""
        graph = self.worker.graph
        while rest := self.log[graph.watermark + 1 :]:
            batch = rest[: self.random.randint(1, 8)]
            if self.random.random() < 0.2:
                graph.fail_next = [ZeroDivisionError("kill -9")] * self.random.choice([1, 1, 2])
            try:
                await self.worker.run_batch(batch)
            except ZeroDivisionError:
                self.worker.claim()
            graph.fail_next = []
            self._note_dropped(batch)
            self.check()

    def _note_dropped(self, batch: Sequence[ConsumedRecord]) -> None:
        known = {each.record.offset for each in self.worker.dead_letters.letters}
        for each in batch:
            if each.offset <= self.worker.graph.watermark and RULES[_fields(each)["kind"]] == "dropped":
                assert self.wiped or each.offset not in known
                self.dropped.add(_fields(each)["number"])

    def applied(self, key: str) -> list[int]:
        parts = self.worker.graph.states.get(key)
        return json.loads(parts[0]) if parts else []

    def check(self) -> None:
        """Compare the graph with the log up to the watermark."""
        waiting = {_fields(each.record)["number"] for each in self.letters()}
        on_the_way = {_fields(each)["number"] for each in self.log[self.worker.graph.watermark + 1 :]}
        for key in KEYS:
            applied = list(dict.fromkeys(self.applied(key)))
            if not self.wiped:
                assert applied == self.applied(key), "doubled"
                assert not self.dropped.intersection(applied)
            # A record that this graph has dropped can have a dead letter of an earlier graph: replayed, it comes late.
            without = self.dropped | self.given_up
            applied = [number for number in applied if number not in without]
            log = [number for number in self._numbers(key) if number not in without]
            assert applied == log[: len(applied)], "out of order"
            assert set(log[len(applied) :]) <= waiting | on_the_way, "lost"
            parked = self.worker.graph.parked.get(f"applying/records-under-test/0/{key}", [])
            assert set(log[len(applied) :]) <= set(parked), "not parked"
            in_order = [number for number in parked if number not in self.given_up]
            assert self.wiped or in_order == log[len(applied) :]

    def _numbers(self, key: str) -> list[int]:
        """Return the records of a key that have come, without replays."""
        seen = self.log[: self.worker.graph.watermark + 1]
        return [each.offset for each in seen if not each.headers and each.key == key.encode()]


def _again(sent: Any, offset: int, headers: Sequence[tuple[str, bytes | None]]) -> ConsumedRecord:
    return ConsumedRecord(sent.topic, sent.partition, offset, sent.timestamp, sent.key, sent.value, headers)


def _fields(sent: Any) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(sent.value)[1]
    return fields


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32).map(Random), st.booleans())
async def test_the_graph_has_the_beginning_of_the_log_of_each_key(random: Random, other_graphs: bool) -> None:  # noqa: FBT001 - a parameter of the test
    history = History(random)
    actions = [history.produce, history.produce, history.replay, history.replay, history.change_rules]
    actions.append(history.release)
    if other_graphs:
        actions += [history.wipe, history.back_up, history.restore]
    for _ in range(random.randint(3, 14)):
        random.choice(actions)()
        await history.run()
    RULES.update(dict.fromkeys(KINDS, "applied"))
    for _ in history.log:
        history.send(history.letters())
        await history.run()
        if not history.letters():
            break
    assert history.letters() == []
    assert not any(history.worker.graph.parked.values())
    for key in KEYS:
        applied = set(history.applied(key))
        numbers = [each.offset for each in history.log if not each.headers and each.key == key.encode()]
        assert set(numbers) - applied <= history.dropped
