"""The source of calls: a trace file, or an imitation of the Azure trace."""
