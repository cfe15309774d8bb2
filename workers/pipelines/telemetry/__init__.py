"""The telemetry worker: what an observatory tells of LLM calls, folded into one node per span. Pure, no I/O.

``parse`` (with ``checks`` and ``limits``) makes an ``Event`` of ``model`` → ``fold`` lays it over the ``Trace`` of
``trace`` (made of ``span``, their order in ``chain``, what led to what in ``causes``) → ``plan`` turns what changed
into ``rows`` for ``statements``, priced by ``enrich`` on terms from the ``price_book``: the registry's ``history``,
which ``reference`` reads from the graph, then the catalogue in ``prices``. ``worker`` is the spec.
"""
