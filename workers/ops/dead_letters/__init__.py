"""``memory-graph dlq``: list, show, replay and purge dead letters.

Use it from Python as the command line does:

```python
from workers.config.settings import Settings
from workers.ops.dead_letters.scan import DeadLetters
from workers.ops.dead_letters.selection import Selection
from workers.ops.dead_letters.tally import tally

dead_letters = DeadLetters(Settings.from_environment().kafka, "llm-telemetry-events")
for group in tally([dead_letters], Selection(codes=frozenset({"avro.unknown_schema"}))):
    print(group.code, group.letters)
```

``selection`` says which dead letters, ``scan`` reads them, ``tally`` counts them (in two processes where there are
many), ``journal`` knows which were replayed, ``replaying`` sends them back.
"""
