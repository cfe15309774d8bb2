"""The command line ``memory-graph``: one thin file for each command group.

`main.py` is the entry point. Commands import what they need when they run, so that `--help` is fast.
"""
