from pathlib import Path

import pytest

from workers.pipelines.fleet import load_topology

ROOT = Path(__file__).parents[5]


@pytest.fixture
def schemas_folder() -> Path:
    return load_topology(ROOT / "topology.yaml").schemas_folder / "registry"
