"""The labels by which the queries choose a worker, its processes and its partitions."""

from workers.dev.dashboards.queries import Scope

WORKER = Scope('namespace=~"$namespace", worker="$worker"')
PODS = Scope(f'{WORKER.matchers}, pod=~"$pod"')
PARTITIONS = Scope(f'{PODS.matchers}, partition=~"$partition"')
