"""Where calls come from: a trace file that is replayed, or an imitation of the Azure trace."""
