"""Compiled decisions by id of their version: read and compiled once, then shared by all threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from bpmn.dmn.examine import Examined, examine
from bpmn.dmn.program import Program
from bpmn.dmn.read import read
from server.ports.records import DecisionRow
from server.ports.store import UnitOfWork


class DecisionMissing(Exception):
    """The document of a decision is gone, or cannot be compiled any more."""


class DecisionPrograms:
    """Least recently used out. Decisions of one document share its program."""

    def __init__(self, size: int = 200) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._programs: OrderedDict[tuple[int, str], Program] = OrderedDict()

    def get(self, unit: UnitOfWork, row: DecisionRow) -> Program:
        """The program of the document that the decision is in. Raises DecisionMissing."""
        key = (row.deployment_id, row.resource_name)
        with self._lock:
            program = self._programs.get(key)
            if program is not None:
                self._programs.move_to_end(key)
                return program
        program = self._compile(unit, row)
        with self._lock:
            self._programs[key] = program
            while len(self._programs) > self._size:
                self._programs.popitem(last=False)
        return program

    def _compile(self, unit: UnitOfWork, row: DecisionRow) -> Program:
        content = unit.resource(row.deployment_id, row.resource_name)
        if content is None:
            raise DecisionMissing(f"Expected the document of decision '{row.key}' to be stored, but it is gone")
        model = read(content, file=row.resource_name).model
        files = {row.resource_name: content}
        if model is not None and model.imports:
            files |= {each.name: each.content for each in unit.resources(row.deployment_id, "dmn")}
        program = examine_together(files)[row.resource_name].program
        if program is None or (row.key not in program.decisions and row.key not in program.services):
            raise DecisionMissing(f"Expected the document of decision '{row.key}' to hold it, but it does not")
        return program


def imports_of(files: Mapping[str, bytes]) -> dict[str, tuple[str, ...]]:
    """Which of the files each of them imports, directly and through others, by name."""
    models = {name: read(content, file=name).model for name, content in files.items()}
    by_namespace = {model.namespace: name for name, model in models.items() if model is not None}
    direct = {
        name: [by_namespace[each.namespace] for each in model.imports if each.namespace in by_namespace]
        for name, model in models.items()
        if model is not None
    }
    return {name: tuple(sorted(_reached(name, direct) - {name})) for name in files}


def _reached(name: str, direct: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    pending = [name]
    while pending:
        for each in direct.get(pending.pop(), ()):
            if each not in found:
                found.add(each)
                pending.append(each)
    return found


def examine_together(files: Mapping[str, bytes]) -> dict[str, Examined]:
    """All files, each with those that it imports; documents that import each other have findings."""
    imports = imports_of(files)
    done: dict[str, Examined] = {}
    for name in _ordered(files, imports):
        known = (done[each].program for each in imports[name] if each in done)
        programs = {program.namespace: program for program in known if program is not None}
        done[name] = examine(files[name], file=name, imported=programs)
    return done


def _ordered(files: Iterable[str], imports: dict[str, tuple[str, ...]]) -> list[str]:
    """What is imported first; in a circle, as they come."""
    return sorted(files, key=lambda name: (len(imports[name]), name))
