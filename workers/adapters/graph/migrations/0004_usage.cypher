// How much a model was used within a window of time; and for which windows of time that has been counted, of all
// models at once, and is to be counted again.
CREATE CONSTRAINT usage_window_id IF NOT EXISTS FOR (n:UsageWindow) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT usage_period_start IF NOT EXISTS FOR (n:UsagePeriod) REQUIRE n.start IS UNIQUE;
CREATE INDEX usage_window_start IF NOT EXISTS FOR (n:UsageWindow) ON (n.start);
// Only what is still to be done has these: the indexes are queues, as short as the work.
CREATE INDEX usage_window_post_at IF NOT EXISTS FOR (n:UsageWindow) ON (n.post_at);
CREATE INDEX usage_period_count_at IF NOT EXISTS FOR (n:UsagePeriod) ON (n.count_at);
