// Every index is paid for with each write; these serve the questions asked first: show me this trace,
// and what happened between these times. Everything else is reached along relationships from a key.
CREATE INDEX invocation_trace_id IF NOT EXISTS FOR (n:Invocation) ON (n.trace_id);
CREATE INDEX invocation_timestamp IF NOT EXISTS FOR (n:Invocation) ON (n.timestamp);
CREATE INDEX error_timestamp IF NOT EXISTS FOR (n:Error) ON (n.timestamp);
