"""Where our worker's CPU time goes, stage by stage."""
