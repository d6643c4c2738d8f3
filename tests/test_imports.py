"""Imports go one way (docs/architecture.md). Read from the sources, so that nothing has to be importable."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("bpmn", "server", "connectors", "migrations", "samples")

THIRD_PARTY = {
    "bpmn": {"lxml", "isodate", "cronsim", "SpiffWorkflow", "quickjs"},
    "connectors": {"httpx", "httpcore", "kombu", "amqp", "confluent_kafka", "orjson", "structlog", "prometheus_client"},
}
"""What these packages may import besides the standard library; no SQL, HTTP, bus or environment in `bpmn`."""

FORBIDDEN_STANDARD = {"bpmn": {"os", "socket", "sqlite3", "subprocess", "urllib.request", "http", "random", "asyncio"}}

LAYERS: dict[str, set[str]] = {
    # Inside the core: findings, model <- expressions <- xml, rules; spec <- runtime.
    "bpmn.findings": set(),
    "bpmn.cron": set(),
    "bpmn.schedule": {"bpmn.cron", "bpmn.model"},
    "bpmn.model": set(),
    "bpmn.expressions": {"bpmn.model"},
    "bpmn.xml": {"bpmn.findings", "bpmn.model"},
    "bpmn.dmn": {"bpmn.findings", "bpmn.model", "bpmn.expressions", "bpmn.xml"},
    "bpmn.rules": {"bpmn.findings", "bpmn.model", "bpmn.xml", "bpmn.expressions", "bpmn.schedule"},
    "bpmn.spec": {"bpmn.findings", "bpmn.model", "bpmn.expressions", "bpmn.schedule"},
    "bpmn.runtime": {"bpmn.findings", "bpmn.model", "bpmn.expressions", "bpmn.dmn", "bpmn.spec", "bpmn.schedule"},
    "bpmn.examine": {"bpmn.findings", "bpmn.model", "bpmn.rules", "bpmn.xml"},
    # Workers know their jobs, nothing of BPMN.
    "connectors": set(),
    # The server: ports between use cases and everything that has a technology. The codec of values is no store, it is
    # the one form of values outside the process: in rows, in JSON, on the bus.
    "server.ports": {"bpmn", "connectors.messages"},
    "server.usecases": {"bpmn", "connectors.messages", "server.ports", "server.errors", "server.ids", "server.config"},
    "server.api": {
        "bpmn",
        "connectors.messages",
        "server.usecases",
        "server.ports",
        "server.errors",
        "server.ids",
        "server.config",
        "server.store.codec",
    },
    "server.workers": {
        "bpmn",
        "connectors.messages",
        "server.usecases",
        "server.ports",
        "server.errors",
        "server.ids",
        "server.store.codec",
    },
    "server.bus": {"bpmn", "connectors", "server.ports", "server.errors", "server.ids"},
    "server.store": {"bpmn", "connectors.messages", "server.ports", "server.errors", "server.ids", "migrations"},
}
"""What a package may import of ours besides itself. `a` allows `a` and everything in it."""

WIRING = {"server.app", "server.processes"}
"""Know all; only the command line and `python -m server` import them."""
MAY_IMPORT_WIRING = ("server.cli", "server.__main__")


def modules() -> dict[str, Path]:
    """Dotted name -> file, of everything in the packages."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, known: dict[str, Path], *, top_level: bool = False) -> Iterator[tuple[str, int]]:
    """(module, line) of every import; names imported from a package count as modules where they are. `if TYPE_CHECKING`
    imports run nowhere and are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in tree.body if top_level else ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
                parents = parents[: len(parents) - node.level + 1]
                base = ".".join([*parents, *([base] if base else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield (full if full in known else base), node.lineno


def inside(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


MODULES = modules()


def test_should_find_the_packages() -> None:
    assert {name.split(".")[0] for name in MODULES} >= {"bpmn", "server", "connectors"}
    assert {layer for layer in LAYERS if not any(inside(name, layer) for name in MODULES)} == set()


@pytest.mark.parametrize("layer", LAYERS)
def test_should_import_only_what_its_layer_may(layer: str) -> None:
    # when
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for name, path in MODULES.items()
        if inside(name, layer)
        for imported, line in imports(name, path, MODULES)
        if imported.split(".")[0] in PACKAGES
        and not inside(imported, layer)
        and not any(inside(imported, allowed) for allowed in LAYERS[layer])
        and imported != layer.split(".")[0]
    ]

    # then
    assert not wrong


@pytest.mark.parametrize("package", THIRD_PARTY)
def test_should_use_no_other_libraries(package: str) -> None:
    # when
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for name, path in MODULES.items()
        if inside(name, package)
        for imported, line in imports(name, path, MODULES)
        if (
            imported.split(".")[0] not in {*sys.stdlib_module_names, *PACKAGES, *THIRD_PARTY[package]}
            or any(inside(imported, standard) for standard in FORBIDDEN_STANDARD.get(package, ()))
        )
    ]

    # then
    assert not wrong


def test_should_leave_the_wiring_to_the_command_line() -> None:
    # when
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for name, path in MODULES.items()
        if name not in WIRING and not any(inside(name, allowed) for allowed in MAY_IMPORT_WIRING)
        for imported, line in imports(name, path, MODULES)
        if imported in WIRING
    ]

    # then
    assert not wrong


def test_should_have_no_import_cycles() -> None:
    # given imports that run when a module is loaded
    graph = {
        name: {imported for imported, _ in imports(name, path, MODULES, top_level=True) if imported in MODULES} - {name}
        for name, path in MODULES.items()
    }

    # when
    cycle = find_cycle(graph)

    # then
    assert cycle is None, " -> ".join(cycle or ())


def find_cycle(graph: dict[str, set[str]]) -> list[str] | None:
    """One cycle, its first module again at the end; None where there is none."""
    done: set[str] = set()
    for root in graph:
        path: list[str] = []
        stack: list[tuple[str, Iterator[str]]] = []
        if root in done:
            continue
        stack.append((root, iter(sorted(graph[root]))))
        path.append(root)
        while stack:
            name, children = stack[-1]
            child = next((c for c in children if c not in done), None)
            if child is None:
                done.add(name)
                stack.pop()
                path.pop()
            elif child in path:
                return [*path[path.index(child) :], child]
            else:
                stack.append((child, iter(sorted(graph[child]))))
                path.append(child)
    return None


def test_should_find_a_cycle_where_there_is_one() -> None:
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None
