"""Running a decision: what it requires first, each part once (DMN 1.5, 10.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bpmn.dmn.program import DecisionPart, DecisionRun, InputPart, Matched, Problem, Program
from bpmn.expressions.api import EvaluationError
from bpmn.expressions.failures import in_expression
from bpmn.expressions.feel.scope import Scope
from bpmn.expressions.feel.types import MISMATCH, Type, coerced, show
from bpmn.expressions.feel.values import Function, outward
from bpmn.expressions.values import plain

SECONDS = 1.0
"""CPU time of one evaluation: a decision may be many tables, an expression is one line."""


class Variables(Protocol):
    """What an evaluation reads from outside."""

    def get(self, name: str) -> Any:
        """The value; KeyError where there is none. Other exceptions pass through."""

    def names(self) -> Iterable[str]:
        """All names."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`decisions` has the value of every decision that was evaluated, by id. Values are those of FEEL."""

    result: Any
    decisions: dict[str, Any]
    problems: tuple[Problem, ...]
    matched: tuple[Matched, ...]


class Mapped:
    """Variables of a plain mapping."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def get(self, name: str) -> Any:
        return self._values[name]

    def names(self) -> Iterable[str]:
        return self._values


class UnknownDecision(KeyError):
    """The model has no decision or service of that id."""


def evaluate(
    program: Program, decision_id: str, variables: Variables, now: datetime, *, seconds: float = SECONDS
) -> Evaluation:
    """Evaluate a decision or decision service.

    What goes wrong within it makes its part null and is a problem. Raises UnknownDecision, EvaluationError (limits),
    and what the variables raise.
    """
    run = DecisionRun(now, seconds=seconds)
    evaluator = _Evaluator(program, variables, run)
    try:
        if decision_id in program.decisions:
            result = evaluator.decision(decision_id)
        elif decision_id in program.services:
            result = evaluator.serve(decision_id)
        else:
            raise UnknownDecision(decision_id)
    except (EvaluationError, RecursionError) as error:
        raise in_expression(error, f"decision {decision_id}") from error.__cause__
    return Evaluation(result, dict(evaluator.values), tuple(run.problems), tuple(run.matched))


def as_values(value: Any) -> Any:
    """A result as a value of the process. Raises EvaluationError for what cannot be one."""
    return plain(outward(value))


class _Hidden:
    """Variables without the names of the model's own elements: those are seen only where they are required."""

    __slots__ = ("_names", "_variables")

    def __init__(self, variables: Variables, names: frozenset[str]) -> None:
        self._variables = variables
        self._names = names

    def get(self, name: str) -> Any:
        if name in self._names:
            raise KeyError(name)
        return self._variables.get(name)

    def names(self) -> Iterable[str]:
        return [name for name in self._variables.names() if name not in self._names]


class _Evaluator:
    """One model while it is evaluated. `values` are the results so far, `given` those that a caller gave."""

    def __init__(
        self,
        program: Program,
        variables: Variables,
        run: DecisionRun,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        self._program = program
        self._variables = variables
        self._run = run
        self._given = dict(given or {})
        self._functions: dict[str, Function] = {}
        self._imported: dict[str, _Evaluator] = {}
        self.values: dict[str, Any] = {}
        self._hidden = _Hidden(variables, program.variables)

    def decision(self, id: str) -> Any:
        """The value of a decision. What it requires is evaluated without recursion."""
        pending = [id]
        started: set[str] = set()
        while pending:
            current = pending[-1]
            if current in self.values or current in self._given:
                pending.pop()
                continue
            part = self._program.decisions[current]
            missing = [
                each
                for each in part.decisions
                if each in self._program.decisions
                and each not in self.values
                and each not in self._given
                and each not in started
            ]
            if missing and current not in started:
                started.add(current)
                pending.extend(reversed(missing))
                continue
            self.values[current] = self._evaluated(part)
            pending.pop()
        return self._given[id] if id in self._given else self.values[id]

    def _evaluated(self, part: DecisionPart) -> Any:
        self._run.tick(10)
        value = part.evaluate(self._scope(part))
        return self._typed(value, part.type, part.id, f"the result of decision '{part.name}'")

    def _typed(self, value: Any, kind: Type, id: str, what: str) -> Any:
        fitting = coerced(value, kind)
        if fitting is MISMATCH:
            self._run.problem(id, "DMN_TYPE", f"Expected {what} to be of type '{show(kind)}', but it is not.")
            return None
        return fitting

    def _scope(self, part: DecisionPart) -> Scope:
        values: dict[str, Any] = {}
        aliases: dict[str, Any] = {}
        for id in part.decisions:
            if "#" in id:
                self._import(id, values)
                continue
            required = self._program.decisions.get(id)
            if required is None:
                continue
            value = self._given[id] if id in self._given else self.values.get(id)
            values[required.variable] = value
            aliases.update(dict.fromkeys((required.name, required.id, *required.aliases), value))
        for id in part.inputs:
            if "#" in id:
                self._import(id, values)
            elif id in self._program.inputs:
                values[self._program.inputs[id].variable] = self.input(id)
        for id in part.knowledge:
            self._bind_knowledge(id, values)
        return Scope(self._run, {**aliases, **values}, outer=self._hidden)

    def input(self, id: str) -> Any:
        """The value of an input data element."""
        if id in self._given:
            return self._given[id]
        part = self._program.inputs[id]
        try:
            value = self._run.converted(self._variables.get(part.variable))
        except KeyError:
            return None
        return self._typed(value, part.type, id, f"input '{part.variable}'")

    # Functions of the model

    def _bind_knowledge(self, id: str, values: dict[str, Any]) -> None:
        if "#" in id:
            self._import(id, values)
        elif (function := self.function(id)) is not None:
            values[function.name] = function

    def function(self, id: str) -> Function | None:
        """A business knowledge model or decision service as a function."""
        if id not in self._functions:
            if id in self._program.knowledge:
                self._functions[id] = self._knowledge(id)
            elif id in self._program.services:
                self._functions[id] = self._service(id)
        return self._functions.get(id)

    def _knowledge(self, id: str) -> Function:
        part = self._program.knowledge[id]

        def call(run: Any, *arguments: Any) -> Any:
            values: dict[str, Any] = {}
            self._bind_knowledge(id, values)
            for required in part.knowledge:
                self._bind_knowledge(required, values)
            values.update(zip(part.parameters, arguments, strict=True))
            return part.body(Scope(run, values))

        return Function(part.variable, part.parameters, call, part.types, part.result)

    def _service(self, id: str) -> Function:
        part = self._program.services[id]
        decisions = [self._program.decisions[each] for each in part.input_decisions if each in self._program.decisions]
        inputs = [self._program.inputs[each] for each in part.inputs if each in self._program.inputs]
        ids = [*(each.id for each in inputs), *(each.id for each in decisions)]  # DMN 1.5, 10.4

        def call(run: Any, *arguments: Any) -> Any:
            given = dict(zip(ids, arguments, strict=True))
            return self._outputs(id, given)

        parameters: list[DecisionPart | InputPart] = [*inputs, *decisions]
        names = tuple(each.variable for each in parameters)
        return Function(part.variable, names, call, tuple(each.type for each in parameters), part.result)

    def _outputs(self, id: str, given: Mapping[str, Any]) -> Any:
        part = self._program.services[id]
        inner = _Evaluator(self._program, Mapped({}), self._run, given)
        found = {
            self._program.decisions[each].variable: inner.decision(each)
            for each in part.outputs
            if each in self._program.decisions
        }
        self.values.update(inner.values)
        if len(part.outputs) == 1:
            return next(iter(found.values()), None)
        return found

    def serve(self, id: str) -> Any:
        """A decision service called from outside: its inputs are variables of those names."""
        part = self._program.services[id]
        given: dict[str, Any] = {each: self.input(each) for each in part.inputs if each in self._program.inputs}
        for each in part.input_decisions:
            decision = self._program.decisions.get(each)
            if decision is None:
                continue
            try:
                value = self._run.converted(self._variables.get(decision.variable))
            except KeyError:
                value = None
            given[each] = self._typed(value, decision.type, each, f"input '{decision.variable}'")
        return self._typed(self._outputs(id, given), part.result, id, f"the result of service '{part.name}'")

    # Imports

    def _import(self, reference: str, values: dict[str, Any]) -> None:
        """Bind what is required of another document: `import.name`."""
        namespace, _, id = reference.rpartition("#")
        if namespace not in self._program.imports:
            return
        name, program = self._program.imports[namespace]
        other = self._imported.get(namespace)
        if other is None:
            other = self._imported[namespace] = _Evaluator(program, self._variables, self._run)
        found: tuple[str, Any] | None = None
        if id in program.decisions:
            found = program.decisions[id].variable, other.decision(id)
        elif id in program.inputs:
            found = program.inputs[id].variable, other.input(id)
        elif (function := other.function(id)) is not None:
            found = function.name, function
        if found is None:
            return
        if not name:
            values[found[0]] = found[1]
        else:
            values.setdefault(name, {})[found[0]] = found[1]
