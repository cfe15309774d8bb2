// Which keys wait behind a dead letter: one node for each key of a partition, with an id that begins with its partition.
CREATE CONSTRAINT parked_key_id IF NOT EXISTS FOR (n:ParkedKey) REQUIRE n.id IS UNIQUE;
