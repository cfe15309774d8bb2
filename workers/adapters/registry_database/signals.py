"""Ask the connector for rows that it has sent before: an incremental snapshot, by Debezium's table of signals.

https://debezium.io/documentation/reference/stable/configuration/signalling.html
"""

import json
from collections.abc import Mapping, Sequence
from uuid import uuid4

from workers.adapters.registry_database.connection import registry_database
from workers.config.settings import RegistryDatabaseSettings

SIGNALS = "public.debezium_signals"
SNAPSHOT = "execute-snapshot"
PUBLISHED = """
SELECT schemaname || '.' || tablename AS name FROM pg_publication_tables WHERE pubname = :publication
"""
SEND = f"INSERT INTO {SIGNALS} (id, type, data) VALUES (:id, :type, :data)"  # noqa: S608 - a name of ours
# Debezium puts one window for each chunk of rows into the same table.
WINDOWS = f"SELECT count(*) FROM {SIGNALS} WHERE type = 'snapshot-window-close'"  # noqa: S608 - same reason as above


def rows_of(settings: RegistryDatabaseSettings, publication: str) -> dict[str, int]:
    """Return the rows of each published table, by its name with its schema.

    Blocks and raises ``Misconfigured``, ``Unreachable``, as all of these do.
    """
    with registry_database(settings) as connection:
        names = [name for (name,) in connection.run(PUBLISHED, publication=publication)]
        return {name: connection.run(f"SELECT count(*) FROM {_quoted(name)}")[0][0] for name in names}  # noqa: S608 - quoted


def ask_for_snapshot(settings: RegistryDatabaseSettings, tables: Sequence[str], about: Mapping[str, str]) -> str:
    """Put the signal into the table; return its id. ``about`` stays there with it: who asks, and why."""
    signal_id = str(uuid4())
    data = json.dumps({"type": "INCREMENTAL", "data-collections": list(tables), **about})
    with registry_database(settings) as connection:
        connection.run(SEND, id=signal_id, type=SNAPSHOT, data=data)
    return signal_id


def windows_read(settings: RegistryDatabaseSettings) -> int:
    """Return how many chunks of rows the connector has read for all snapshots so far."""
    with registry_database(settings) as connection:
        return int(connection.run(WINDOWS)[0][0])


def _quoted(name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
