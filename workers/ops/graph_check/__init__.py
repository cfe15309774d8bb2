"""``memory-graph graph verify``: compare the graph with the topics, and name each difference. It only reads.

``watermarks`` says up to which offset the graph has each partition. ``traces`` compares content up to there: ``folded``
folds the records of some traces with the worker's own code → ``expected`` makes nodes and relationships of them →
``found`` reads the same traces from the graph → ``compare`` names differences → ``partition`` confirms each one, so
that no lag is reported. ``whole_graph`` finds traces that no record explains, ``by_itself`` checks those that are older
than the topic. ``structure`` finds nodes without the relationships that each must have.
"""
