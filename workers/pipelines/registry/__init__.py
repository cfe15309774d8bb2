"""The registry worker: what Debezium tells of the model registry's tables, folded into a history. Pure, no I/O.

``parse`` (with ``tables``, ``models_table``, ``columns`` and the JSON Schemas in ``rules`` and ``json_schema``) makes
an ``Event`` of ``model`` → ``fold`` lays it over what is ``known`` of one ``catalogued`` model (its ``terms`` by time,
its ``capabilities``) or one ``published`` schema, with ``position``, ``clock`` and ``policy`` deciding what counts →
``plan`` turns what changed into ``rows`` for ``statements``. ``worker`` is the spec.
"""
