"""All audit events about some contents, in the order of time."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from workers.dev.sample.audit.contents import Content
from workers.dev.sample.audit.people import ADMINISTRATOR, EVALUATION, GATEWAY, LEAVER, PEOPLE, Person
from workers.dev.sample.records.ids import event_id
from workers.dev.sample.records.sampled import Sampled

RECORD = "com.llm.datavault.audit.AuditEvent"
DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000
DAYS_BEFORE, SATURDAY = 15, 5
READS_A_DAY = 6
ARCHIVED, STOLEN = 400, 150
STOLEN_WITHIN_MS = 8 * MINUTE_MS
READ_SHARE, EVALUATED_SHARE, FAILED_SHARE, DELETED_SHARE = 0.15, 0.05, 0.002, 0.01
CURIOUS_SHARE = 0.05
"""Of the reads, by people who do not know what they may read."""


def audit(contents: Sequence[Content], *, seed: int) -> Iterator[Sampled]:
    """Yield the events; the same contents and seed give the same events, ids included."""
    if not contents:
        return iter(())
    random = Random(f"audit/{len(contents)}/{contents[0].content_id}/{seed}")  # noqa: S311 - sample data
    begin, end = min(each.at for each in contents), max(each.at for each in contents)
    made = [*_before(random, begin), *_around(random, contents, end), *_leaving(random, begin)]
    return iter(sorted(made, key=lambda each: (each.fields["timestamp"], each.fields["audit_id"])))


def _event(random: Random, event_type: str, at: float, **fields: Any) -> Sampled:
    own = {"audit_id": event_id(random), "event_type": event_type, "timestamp": int(at), **fields}
    key = own.get("content_id") or own.get("user_id") or own.get("key_id") or ""
    return Sampled(RECORD, own, key)


def _before(random: Random, begin: int) -> Iterator[Sampled]:
    """Yield roles, keys and the habits of the weeks before."""
    first = begin - (DAYS_BEFORE + 1) * DAY_MS
    for person in PEOPLE:
        yield _event(random, "role.assigned", first, actor_id=ADMINISTRATOR, user_id=person.user_id, role=person.role)
        for day in range(DAYS_BEFORE):
            yield from _working_day(random, person, begin - (day + 1) * DAY_MS)
    for key in ("key-confidential", "key-restricted"):
        for at in (first, begin - HOUR_MS):
            yield _event(random, "key.rotated", at, key_id=key, actor_id="svc-kms", reason="30 days are over")


def _working_day(random: Random, person: Person, day: int) -> Iterator[Sampled]:
    if datetime.fromtimestamp(day / 1_000, UTC).weekday() >= SATURDAY:
        return
    for _ in range(READS_A_DAY):
        at = day + random.uniform(*person.hours) * HOUR_MS
        yield _read(random, person, _archived(random.randrange(ARCHIVED)), "confidential", at)


def _archived(number: int) -> str:
    return f"prompt-archive-{number}"


def _read(random: Random, person: Person, content_id: str, classification: str, at: float) -> Sampled:
    common = {"user_id": person.user_id, "content_id": content_id, "classification": classification}
    origin = {"source_ip": person.source_ip, "user_agent": "MemoryGraph/1.0"}
    if classification not in person.may_read:
        return _event(
            random, "access.denied", at, **common, **origin, access_granted=False, reason="insufficient_role",
            attempted_action="read",
        )  # fmt: skip
    reason = random.choice(person.reasons)
    return _event(random, "content.read", at, **common, **origin, access_granted=True, reason=reason)


def _around(random: Random, contents: Sequence[Content], end: int) -> Iterator[Sampled]:
    """Yield what happens to the contents: each is written, some are read, few are deleted or cannot be encrypted."""
    for each in contents:
        about = {"content_id": each.content_id, "classification": each.classification}
        yield _event(
            random,
            "content.write",
            each.at,
            **about,
            user_id=each.user_id,
            actor_id=GATEWAY,
            size_bytes=each.size_bytes,
        )
        later = random.uniform(each.at, end)
        drawn = random.random()
        if drawn < READ_SHARE:
            curious = random.random() < CURIOUS_SHARE
            person = random.choice([one for one in PEOPLE if curious or each.classification in one.may_read])
            yield _read(random, person, each.content_id, each.classification, later)
        elif drawn < READ_SHARE + EVALUATED_SHARE:
            yield _event(
                random, "content.read", later, **about, user_id=EVALUATION, source_ip="10.0.9.4", access_granted=True,
                reason="Nightly evaluation",
            )  # fmt: skip
        elif drawn < READ_SHARE + EVALUATED_SHARE + FAILED_SHARE:
            yield _event(random, "encryption.failed", each.at, **about, actor_id=GATEWAY, reason="The KMS timed out")
        elif drawn > 1 - DELETED_SHARE:
            yield _event(
                random, "content.delete", later, **about, user_id="compliance-officer-sue", retention_met=True,
                reason="Erasure request",
            )  # fmt: skip


def _leaving(random: Random, begin: int) -> Iterator[Sampled]:
    """Yield the last night of somebody who leaves: very many contents in a short time, at an hour of sleep."""
    (leaver,) = [person for person in PEOPLE if person.user_id == LEAVER]
    night = begin - DAY_MS - 12 * HOUR_MS
    for number in random.sample(range(ARCHIVED), STOLEN):
        yield _read(random, leaver, _archived(number), "confidential", night + random.uniform(0, STOLEN_WITHIN_MS))
