"""One module a dashboard. ``dead_letters.py`` becomes ``helm/monitoring/dashboards/dead-letters.json``."""
