// What the registry adds: a price is known by its model and the time from which it holds.
CREATE CONSTRAINT price_id IF NOT EXISTS FOR (n:Price) REQUIRE n.price_id IS UNIQUE;
// Who keeps the registry's history at hand asks for what has changed since; purging asks for what is due.
CREATE INDEX model_sync_timestamp IF NOT EXISTS FOR (n:Model) ON (n.sync_timestamp);
CREATE INDEX model_purge_after IF NOT EXISTS FOR (n:Model) ON (n.purge_after);
