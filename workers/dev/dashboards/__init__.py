"""The Grafana dashboards as typed descriptions: ``python -m workers.dev.dashboards.write`` makes their JSON.

Each module in ``described/`` is one dashboard, found by its name: it has a function ``dashboard`` that returns one.
"""
