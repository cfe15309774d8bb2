"""The command line, ``memory-graph``: one thin file a command group."""
