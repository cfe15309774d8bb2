"""Write every dashboard as JSON into the chart: ``python -m workers.dev.dashboards.write``."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from workers.dev.dashboards import described

FOLDER = Path(__file__).parents[3] / "helm" / "monitoring" / "dashboards"


def generated() -> Iterator[tuple[str, str]]:
    """Return the file name and the JSON of each dashboard that ``described`` has."""
    for module in pkgutil.iter_modules(described.__path__):
        dashboard = import_module(f"{described.__name__}.{module.name}").dashboard()
        text = JSONEncoder(indent=2, sort_keys=True, ensure_ascii=False).encode(dashboard)
        yield f"{module.name.replace('_', '-')}.json", f"{text}\n"


def main() -> None:
    """Write all files, and remove those that nothing describes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    files = dict(generated())
    for name, text in files.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    for file in FOLDER.glob("*.json"):
        if file.name not in files:
            file.unlink()


if __name__ == "__main__":
    main()
