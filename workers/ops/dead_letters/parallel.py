"""Count a long part of a topic in two processes: Python's own lock would let two threads do no more than one."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from typing import NamedTuple

from workers.adapters.kafka.reader import TopicReader
from workers.config.settings import KafkaSettings
from workers.core.errors import OperatorError, ProblemsFound
from workers.ops.dead_letters.count import Counts, Group
from workers.ops.dead_letters.offsets import Offsets
from workers.ops.dead_letters.selection import Selection

WORTH_A_PROCESS = 150_000
"""Letters; below it, a second process costs more time to start than it saves."""
HEAD_START = 100_000
"""Letters that the first process counts while the second one starts."""
SECOND_PROCESS = """
import sys
from multiprocessing.connection import Connection
from workers.ops.dead_letters.parallel import answer_through
answer_through(Connection(int(sys.argv[1])))
"""
PROGRESS_LETTERS = 10_000
Progress = Callable[[str, int, int], None]
"""Is called with the topic, the number of letters read so far, about, and that of all of them."""


class Part(NamedTuple):
    """The offsets of a dead-letter topic from ``begins`` up to and without ``ends``, by partition.

    ``sent``  the letters that were sent back
    """

    kafka: KafkaSettings
    topic: str
    selection: Selection
    sent: Offsets
    begins: Mapping[int, int]
    ends: Mapping[int, int]

    @property
    def letters(self) -> int:
        """Return the number of letters, about: offsets may have holes."""
        return sum(max(0, end - self.begins.get(number, 0)) for number, end in self.ends.items())

    def cut(self, letters: int) -> "tuple[Part, Part]":
        """Return a part with about so many letters, and one with the others."""
        cut = dict[int, int]()
        for number, end in self.ends.items():
            begin = self.begins.get(number, 0)
            cut[number] = max(begin, min(end, begin + letters))
            letters -= cut[number] - begin
        return self._replace(ends=cut), self._replace(begins=cut)


def counted(part: Part, progress: Progress, watch: Callable[[], object]) -> Counts:
    """Count a part; ``watch`` is called again and again, and what it raises ends the counting.

    Raises ``Unreachable``, and ``ProblemsFound`` where the second process was killed.
    """
    if part.letters < WORTH_A_PROCESS or os.cpu_count() == 1:
        return count(part, progress, watch)
    first, second = part.cut((part.letters + HEAD_START) // 2)
    with _in_second_process(second) as answer:
        counts = count(first, lambda topic, seen, of: progress(topic, seen * part.letters // of, part.letters), watch)
        counts.merge(_groups(answer))
    return counts


def count(part: Part, progress: Progress, watch: Callable[[], object]) -> Counts:
    """Count a part in this process. Raises ``Unreachable``."""
    counts, letters, seen = Counts(part.topic, part.selection, part.sent), part.letters, 0
    for messages in TopicReader(part.kafka, part.topic).batches(part.begins, part.ends):
        watch()
        counts.add(messages)
        before, seen = seen, seen + len(messages)
        if seen // PROGRESS_LETTERS > before // PROGRESS_LETTERS:
            progress(part.topic, seen, letters)
    return counts


@contextmanager
def _in_second_process(part: Part) -> Iterator[Connection]:
    """Start a process that counts a part; yield the connection that its answer comes through.

    A process of ``multiprocessing`` would import the command line again, and start a third one that watches it.
    """
    ours, theirs = Pipe()
    command = [sys.executable, "-c", SECOND_PROCESS, str(theirs.fileno())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, env=environment, pass_fds=[theirs.fileno()])  # noqa: S603 - our own code
    theirs.close()
    try:
        with suppress(OSError):  # it was killed: its answer is missing, too
            ours.send(part)
        yield ours
    finally:
        process.kill()
        process.wait()
        ours.close()


def answer_through(connection: Connection) -> None:
    """Count the part that comes through a connection, and answer with its groups or an error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the first process, which ends this one
    try:
        connection.send(count(connection.recv(), lambda *_: None, lambda: None).found)
    except OperatorError as error:
        connection.send(error)


def _groups(connection: Connection) -> list[Group]:
    try:
        answer: list[Group] | OperatorError = connection.recv()
    except (EOFError, OSError):
        raise ProblemsFound("the second process that reads dead letters was killed: run it again") from None
    if isinstance(answer, OperatorError):
        raise answer
    return answer
