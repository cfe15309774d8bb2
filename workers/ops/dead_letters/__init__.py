"""``memory-graph dlq``: list, show, replay and purge dead letters.

Use it from Python as the command line does. This counts, reads, repairs and sends back, and prints what it did:

```python
import asyncio

from workers.config.settings import Settings
from workers.ops.dead_letters.journal import who_does_it
from workers.ops.dead_letters.replaying.carry_out import Order, carry_out, rules_of
from workers.ops.dead_letters.replaying.repair import fix
from workers.ops.dead_letters.replaying.replay import Replay
from workers.ops.dead_letters.replaying.verdict import Verdict
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection
from workers.ops.dead_letters.tally import tally
from workers.pipelines.fleet import load_topology

settings = Settings.from_environment()
topology = load_topology(settings.topology_path)
dead_letters = DeadLetters(settings.kafka, "llm-telemetry-events")
selection = Selection(codes={"number.negative"})

for group in tally([dead_letters], selection):
    print(f"{group.letters} of {group.code}: {group.message}")
for letter in dead_letters.selected(selection):
    print(f"offset {letter.origin.offset}, key {letter.record.key}")

replay = Replay(dead_letters, selection, rules_of(settings.kafka, topology.topics))
repairs = [fix("token_count=0")]
for who in None, who_does_it("anna", "the producer is fixed"):  # first the plan
    done = asyncio.run(carry_out(settings, topology, replay, Order(repairs, who), lambda tally: None))
    print(f"{done.count(Verdict.SEND)} {'sent' if who else 'to send'}, {done.left_out} left out: {done.repairs}")
```

``selection`` says which dead letters, ``scan`` reads them, ``tally`` counts them (in two processes where there are
many), ``show`` makes a mapping of one, ``journal`` knows which were replayed, ``replaying`` sends them back, ``purge``
deletes them. All calls block but those that are ``async``. They raise ``Misconfigured`` for what the caller must
correct, ``Unreachable`` for a server, and ``ProblemsFound`` where another replay is at it.
"""
