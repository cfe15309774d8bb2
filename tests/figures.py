"""The figures of the structure: ``python -m tests.figures`` (``make figures``)."""

import ast
from collections import Counter
from pathlib import Path
from statistics import median

import grimp

ROOT = Path(__file__).parents[1]


def python_files(folder: str) -> list[Path]:
    return [each for each in (ROOT / folder).rglob("*.py") if each.name != "__init__.py"]


def function_lines() -> list[int]:
    """Return the length of every function in ``workers/``, in lines, its docstring included."""
    nodes = (node for path in python_files("workers") for node in ast.walk(ast.parse(path.read_text())))
    functions = (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [(node.end_lineno or node.lineno) - node.lineno + 1 for node in functions]


def files_by_folder(*folders: str) -> Counter[str]:
    """Return how many Python files each folder has itself, without ``__init__``."""
    files = [each for folder in folders for each in python_files(folder)]
    return Counter(str(each.parent.relative_to(ROOT)) for each in files)


def cycles() -> list[tuple[str, str]]:
    """Return pairs of modules that import each other, directly or through others."""
    graph = grimp.build_graph("workers", cache_dir=None)
    imported = {module: graph.find_upstream_modules(module) for module in graph.modules}
    return sorted((one, other) for one in imported for other in imported[one] if one < other and one in imported[other])


def main() -> None:
    """Print the figures."""
    lines, folders = function_lines(), files_by_folder("workers", "tests")
    (folder, most), *_ = folders.most_common(1)
    figures = {
        "Python files in workers/": len(python_files("workers")),
        "Python files in tests/": len(python_files("tests")),
        "median lines of a function": median(lines),
        "longest function": max(lines),
        "most files in one folder": f"{most} ({folder})",
        "pairs of modules in an import cycle": len(cycles()),
        "bytes of README.md": len((ROOT / "README.md").read_bytes()),
    }
    for name, value in figures.items():
        print(f"{name:<40}{value}")  # noqa: T201 - a command of its own


if __name__ == "__main__":
    main()
