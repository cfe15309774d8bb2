"""The real worker in its own process, with points and optionally one bug.

Only this program knows the variables: CHAOS_HISTORY (path), CHAOS_AT (``point:passing:action …``), CHAOS_BUG, and
CHAOS_TRANSACTION_SECONDS, the time limit of a transaction.
"""

import gc
import os
from functools import partialmethod
from pathlib import Path

import uvloop

from tests.chaos.bugs import SEEDS, Bug
from tests.chaos.checking.history import History
from tests.chaos.hooks import hook, replace
from tests.chaos.running.ledger import LEDGER
from tests.chaos.running.points import Points
from workers.adapters.graph.writer import Neo4jWriter
from workers.config.settings import Settings
from workers.config.topology import read_topology
from workers.engine.process import run_worker
from workers.observe.log import configure_logging
from workers.pipelines.fleet import FLEET

FACTORIES = {**FLEET, LEDGER.name: LEDGER}
MODELS = {name: factory.options for name, factory in FACTORIES.items()}

gc.freeze()  # in the process that forks: what is imported is garbage in none of its children


def main(name: str) -> None:
    """Run the worker ``name`` as ``memory-graph worker`` does."""
    settings = Settings.from_environment()
    topology = read_topology(settings.topology_path, MODELS)
    configure_logging(settings.log)
    history = History(Path(os.environ["CHAOS_HISTORY"]))
    hook(Points(os.environ.get("CHAOS_AT", ""), history), history)
    if seconds := os.environ.get("CHAOS_TRANSACTION_SECONDS"):
        limited = partialmethod(Neo4jWriter.__init__, transaction_seconds=float(seconds))
        replace(Neo4jWriter, "__init__", limited)
    if bug := os.environ.get("CHAOS_BUG"):
        SEEDS[Bug(bug)]()
    uvloop.run(run_worker(FACTORIES[name], settings, topology))
