"""The sessions of users that traces belong to, as opaque ids."""

from random import Random

from workers.dev.sample.calls.call import Call
from workers.dev.sample.records import ids
from workers.dev.sample.records.span import Session

USERS = 400
SAME_SESSION_SHARE = 0.6
SESSION_IDLE_MS = 10 * 60_000.0
OPEN_SESSIONS = 200
CLASSIFICATIONS = {"internal": 62, "confidential": 21, "public": 12, "restricted": 5}


class Sessions:
    """The open sessions."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._users = [ids.opaque(random, "user") for _ in range(USERS)]
        self._open: list[Session] = []
        self._named: dict[str, Session] = {}

    def take(self, call: Call) -> Session:
        """Return the session of the trace that starts with ``call``."""
        if call.session_id is not None:
            if call.session_id not in self._named:
                self._named[call.session_id] = self._new(call.session_id)
            return self._named[call.session_id]
        if self._open and self._random.random() < SAME_SESSION_SHARE:
            index = self._random.randrange(len(self._open))
            session = self._open[index]
            if 0 <= call.timestamp - session.free_at <= SESSION_IDLE_MS:
                return session
        session = self._new(ids.opaque(self._random, "session"))
        self._open = [*self._open, session][-OPEN_SESSIONS:]
        return session

    def _new(self, session_id: str) -> Session:
        busy = int(USERS * self._random.random() ** 3)  # the cube makes few users busy and most of them rare
        classification = self._random.choices(list(CLASSIFICATIONS), weights=list(CLASSIFICATIONS.values()))[0]
        return Session(session_id, self._users[busy], classification)
