"""A compiled DMN model: what `evaluate` runs. Built once per version, frozen, shared by all evaluations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from bpmn.expressions.feel.scope import Run, Scope
from bpmn.expressions.feel.types import Type
from bpmn.expressions.limits import CPU_SECONDS

Evaluate = Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a decision, or a part of one, has no value: a hit policy is broken, a value is of another type."""

    element_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Matched:
    """Which rules of a table fitted (ids, or their places from 1), and what their inputs were."""

    decision_id: str
    inputs: dict[str, Any]
    rules: tuple[str, ...]


class DecisionRun(Run):
    """The cost of one evaluation, what went wrong in it, and which rules fitted."""

    __slots__ = ("matched", "problems")

    def __init__(self, now: datetime, *, seconds: float = CPU_SECONDS) -> None:
        super().__init__(now, seconds=seconds)
        self.problems: list[Problem] = []
        self.matched: list[Matched] = []

    def problem(self, element_id: str, code: str, message: str) -> None:
        if len(self.problems) < 100:
            self.problems.append(Problem(element_id, code, message))


@dataclass(frozen=True, slots=True, kw_only=True)
class InputPart:
    id: str
    variable: str
    type: Type


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPart:
    """`aliases` are further names its result is bound to where it is required."""

    id: str
    name: str
    variable: str
    type: Type
    aliases: tuple[str, ...]
    decisions: tuple[str, ...]
    inputs: tuple[str, ...]
    knowledge: tuple[str, ...]
    evaluate: Evaluate
    """Of a decision with a finding of severity ERROR it tells the problem and is null."""
    version_tag: str | None
    outputs: tuple[str, ...]
    """Names of a table's outputs."""
    many: bool
    """The hit policy makes a list of what the rules that fit say."""
    reads: frozenset[str] | None
    """Names from outside that this part, without what it requires, may read; None where that cannot be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgePart:
    id: str
    variable: str
    parameters: tuple[str, ...]
    types: tuple[Type, ...]
    result: Type
    knowledge: tuple[str, ...]
    body: Evaluate


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePart:
    id: str
    name: str
    variable: str
    outputs: tuple[str, ...]
    input_decisions: tuple[str, ...]
    inputs: tuple[str, ...]
    result: Type


@dataclass(frozen=True, slots=True)
class DecisionVersion:
    """A decision as it is deployed. Ids and versions are the server's."""

    id: int
    key: str
    version: int
    program: Program


@dataclass(frozen=True, kw_only=True)
class Program:
    """All of a document. References are ids; those into an import are `namespace#id`."""

    id: str
    name: str
    namespace: str
    decisions: Mapping[str, DecisionPart]
    inputs: Mapping[str, InputPart]
    knowledge: Mapping[str, KnowledgePart]
    services: Mapping[str, ServicePart]
    types: Mapping[str, Type]
    imports: Mapping[str, tuple[str, Program]] = field(default_factory=dict)
    """By namespace: the name that the import has here, and the document."""

    @cached_property
    def variables(self) -> frozenset[str]:
        """Names that the values of decisions and inputs are bound to."""
        return frozenset(
            (*(part.variable for part in self.decisions.values()), *(part.variable for part in self.inputs.values()))
        )

    def reads(self, decision_id: str) -> frozenset[str] | None:
        """Variables that the decision and all it requires may read; None where that cannot be known."""
        found: set[str] = set()
        pending, seen = [decision_id], set[str]()
        while pending:
            id = pending.pop()
            if id in seen:
                continue
            seen.add(id)
            part = self.decisions.get(id)
            if part is None or part.reads is None:
                return None
            found |= part.reads
            pending.extend(part.decisions)
            if part.knowledge:
                return None  # a function may read whatever its decisions do
            for input_id in part.inputs:
                if input_id not in self.inputs:
                    return None
                found.add(self.inputs[input_id].variable)
        return frozenset(found)
