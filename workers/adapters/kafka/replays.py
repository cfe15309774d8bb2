"""The journal of replays, ``<topic>.dlq.replays``: the place of each dead letter that was sent back."""

import msgspec

SUFFIX = ".replays"


class Replayed(msgspec.Struct, frozen=True):
    """What every entry of the journal has.

    ``topic_id``  of the dead-letter topic: offsets of a topic that was created again are other dead letters
    ``partition``, ``offset``  of the dead letter
    ``target``    the topic that it was sent to: another one than its source topic is a trial
    """

    topic_id: str
    partition: int
    offset: int
    target: str
