// The states of workers whose own statements do not store them: one node for each key.
CREATE CONSTRAINT worker_state_id IF NOT EXISTS FOR (n:WorkerState) REQUIRE n.id IS UNIQUE;
