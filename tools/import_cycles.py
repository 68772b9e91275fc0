"""Find import cycles between the files of Python packages.

``python tools/import_cycles.py plugins/sales_cdc local_cloud/src/local_cloud`` prints each cycle, file by file with the line
of the import, and exits with 1 when there is one. An import inside a function counts: it only hides a cycle from the
interpreter. An import under ``if TYPE_CHECKING:`` does not count: it never runs.

A folder without ``__init__.py`` is a folder of scripts, which import each other by their bare names.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

Imports = dict[str, int]  # module → the line that imports it
Graph = dict[str, Imports]


def modules_of(folder: Path) -> dict[str, Path]:
    """Return the Python files of a package or of a folder of scripts, by the names under which they are imported.

    Example: ``modules_of(Path("plugins/sales_cdc"))["sales_cdc.batch"]`` is ``plugins/sales_cdc/batch/__init__.py``.
    """
    folder = folder.resolve()
    root = folder.parent if (folder / "__init__.py").exists() else folder
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def import_graph(modules: Mapping[str, Path]) -> Graph:
    """Return which of the modules each of them imports."""
    return {name: _imports(name, path, modules) for name, path in modules.items()}


def _imports(name: str, path: Path, modules: Mapping[str, Path]) -> Imports:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: Imports = {}
    for node in _nodes_that_run(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        for target in _targets(node, package, modules):
            if target != name:
                found.setdefault(target, node.lineno)
    return found


def _nodes_that_run(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield every import statement below a node, except those for type checkers only."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    elif isinstance(node, ast.If) and _is_type_checking(node.test):
        for statement in node.orelse:
            yield from _nodes_that_run(statement)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _nodes_that_run(child)


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _targets(node: ast.Import | ast.ImportFrom, package: str, modules: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules that a statement imports; ``from a import b`` means ``a.b`` when that is a module, else ``a``."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        base = _absolute(node, package)
        names = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules else base for alias in node.names]
    yield from (name for name in names if name in modules)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def cycles(graph: Graph) -> list[list[str]]:
    """Return shortest cycles that together contain every module that is in one."""
    found: list[list[str]] = []
    seen: set[str] = set()
    for name in sorted(graph):
        if name not in seen and (cycle := _shortest_cycle(graph, name)):
            found.append(cycle)
            seen.update(cycle)
    return found


def _shortest_cycle(graph: Graph, start: str) -> list[str]:
    """Return the shortest way from a module back to itself; empty when there is none."""
    came_from = {start: ""}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        for target in sorted(graph[name]):
            if target == start:
                return _way(came_from, name)
            if target not in came_from:
                came_from[target] = name
                queue.append(target)
    return []


def _way(came_from: Mapping[str, str], last: str) -> list[str]:
    way = [last]
    while came_from[way[-1]]:
        way.append(came_from[way[-1]])
    return way[::-1]


def describe(cycle: list[str], graph: Graph, modules: Mapping[str, Path]) -> Iterator[str]:
    """Yield a line for each import of a cycle: the importing file, the line, the imported module."""
    for name, target in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
        yield f"  {_shown(modules[name])}:{graph[name][target]} imports {target}"


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def main(folders: Iterable[str]) -> int:
    """Check the folders together; return 1 when their files import each other in a circle, 2 for wrong usage."""
    modules: dict[str, Path] = {}
    for folder in folders:
        modules |= modules_of(Path(folder))
    if not modules:
        print("usage: python tools/import_cycles.py FOLDER…  (folders with Python files)", file=sys.stderr)
        return 2
    graph = import_graph(modules)
    found = cycles(graph)
    for number, cycle in enumerate(found, 1):
        print(f"Import cycle {number}:", *describe(cycle, graph, modules), sep="\n")
    if not found:
        print(f"No import cycle among {len(modules)} files.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
