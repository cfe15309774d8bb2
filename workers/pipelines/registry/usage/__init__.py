"""How much each model is used: counted from the graph by windows of event time, and told to the registry. Pure, no I/O.

``periods`` finds windows that are over and have calls → ``windows`` counts the calls of one, all models at once, and
makes a ``statement`` of each model whose ``metrics`` have changed → ``reports`` posts statements, or publishes them.
Each is a procedure; what one leaves in the graph (``queries``) is the next one's work. A window is counted again and
again, at times twice as far apart each time: late events need no mark on the calls, whose writing must stay quick.
"""
