"""The plan: what a batch adds to the chains, as statements in the order in which they must run."""

from collections.abc import Iterator, Sequence

from workers.core.statement import Statement
from workers.pipelines.audit.chain.canonical import canonical_details
from workers.pipelines.audit.chain.link import genesis
from workers.pipelines.audit.events import ContentKind, Event
from workers.pipelines.audit.fold.chain import Chain, Link
from workers.pipelines.audit.write import statements as write
from workers.pipelines.audit.write.statements import (
    ChainRow,
    ContentEventRow,
    ContentRow,
    EventColumns,
    LinkColumns,
    NewChainRow,
    UserEventRow,
    UserRow,
)


def plan(touched: Sequence[Chain]) -> Sequence[Statement]:
    """Write the chains' heads and their new events, with the Users and the contents that they name."""
    chains = [chain for chain in touched if chain.links]
    if not chains:
        return []
    events = [each.event for chain in chains for each in chain.links]
    users = {name for event in events for name in (event.performer, event.concerned) if name}
    completions = list(_contents(events, ContentKind.COMPLETION))
    concerned = [ContentEventRow(event.fields["content_id"], event.audit_id) for event in events if _content(event)]
    return [
        write.CHAINS.on(map(_chain, chains)),
        write.CONTINUED.on(NewChainRow(str(each.name), *each.name[:2]) for each in chains if not each.began.sequence),
        write.USERS.on(map(UserRow, users)),
        write.KIND_LEARNED.on(completions),
        write.PROMPTS.on(_contents(events, ContentKind.PROMPT)),
        write.COMPLETIONS.on(completions),
        write.EVENTS.on((*_fields(each.event), *_place(chain, each)) for chain in chains for each in chain.links),
        write.PERFORMED.on(UserEventRow(each.performer, each.audit_id) for each in events if each.performer),
        write.CONCERNS_USER.on(UserEventRow(each.concerned, each.audit_id) for each in events if each.concerned),
        write.CONCERNS_CONTENT.on(concerned),
    ]


def _content(event: Event) -> str | None:
    return event.fields["content_id"] or None


def _contents(events: Sequence[Event], kind: ContentKind) -> Iterator[ContentRow]:
    """Yield each content of a kind once, with the classification of its first event; an unknown kind is a prompt."""
    found: dict[str, ContentRow] = {}
    for event in events:
        if (content_id := _content(event)) and (event.kind or ContentKind.PROMPT) is kind:
            guessed = None if event.kind else True
            found.setdefault(content_id, ContentRow(content_id, event.fields["classification"], guessed))
    yield from found.values()


def _chain(chain: Chain) -> ChainRow:
    begin = genesis(*chain.name).hash.hex()
    return ChainRow(str(chain.name), *chain.name, begin, chain.head.sequence, chain.head.hash.hex())


def _fields(event: Event) -> EventColumns:
    fields = {name: event.fields[name] for name in EventColumns._fields}
    return EventColumns(**{**fields, "details": canonical_details(event.fields["details"])})


def _place(chain: Chain, each: Link) -> LinkColumns:
    topic, partition, chain_id = chain.name
    return LinkColumns(topic, chain_id, partition, each.head.sequence, each.before.hash.hex(), each.head.hash.hex())
