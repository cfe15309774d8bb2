// The names by which events call models: which Models they mean, and whether their calls are still to be moved.
CREATE CONSTRAINT model_name_id IF NOT EXISTS FOR (n:ModelName) REQUIRE n.id IS UNIQUE;
CREATE INDEX model_name_name IF NOT EXISTS FOR (n:ModelName) ON (n.name);
CREATE INDEX model_name_check_at IF NOT EXISTS FOR (n:ModelName) ON (n.check_at);
