"""``memory-graph graph verify``: compare the graph with the topics, and name each difference. It only reads.

``watermarks`` says up to which offset the graph has each partition. ``traces`` and ``registry`` compare content up to
there: ``log`` reads the records as the worker takes them → ``folded`` folds them with the worker's own code →
``expected`` makes nodes and relationships of them → ``found`` reads the same ones from the graph → ``compare`` names
differences → ``partition`` confirms each one, so that no lag is reported. ``traces.whole_graph`` finds traces that no
record explains, ``traces.by_itself`` checks those that are older than the topic. ``structure`` finds nodes without the
relationships that each must have.
"""
