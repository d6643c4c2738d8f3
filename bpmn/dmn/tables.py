"""Decision tables: which rules fit, and what the hit policy makes of them (DMN 1.5, chapter 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bpmn.dmn.program import DecisionRun, Evaluate, Matched
from bpmn.expressions.feel.functions.lists import greatest, least, total
from bpmn.expressions.feel.operations import equal
from bpmn.expressions.feel.scope import Scope
from bpmn.expressions.feel.types import MISMATCH, Type, coerced, show

Test = Callable[[Scope, Any], bool]


@dataclass(frozen=True, slots=True)
class InputColumn:
    """`names` are what the value is called within its entries, beside `?`."""

    label: str
    value: Evaluate
    type: Type
    allowed: Evaluate | None
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """`order` gives the allowed values, the most important first."""

    name: str
    type: Type
    allowed: Evaluate | None
    order: Evaluate | None
    default: Evaluate | None


@dataclass(frozen=True, slots=True)
class TableRule:
    id: str
    tests: tuple[Evaluate | None, ...]
    """None where anything fits."""
    outputs: tuple[Evaluate, ...]


@dataclass(frozen=True, slots=True)
class Table:
    owner: str
    policy: str
    aggregation: str | None
    inputs: tuple[InputColumn, ...]
    outputs: tuple[OutputColumn, ...]
    rules: tuple[TableRule, ...]

    def evaluate(self, scope: Scope) -> Any:
        """The value of the table; null, with a problem, where inputs are not allowed or the hit policy is broken."""
        values = self._values(scope)
        if values is None:
            return None
        scopes = [
            scope.inner({"?": value, **dict.fromkeys(column.names, value)})
            for column, value in zip(self.inputs, values, strict=True)
        ]
        hits = [rule for rule in self.rules if self._fits(rule, scopes, scope)]
        run = scope.run
        assert isinstance(run, DecisionRun)
        labels = {column.label: value for column, value in zip(self.inputs, values, strict=True)}
        run.matched.append(Matched(self.owner, labels, tuple(rule.id for rule in hits)))
        if not hits:
            return self._default(scope)
        return self._policies()[self.policy](hits, scope)

    def _values(self, scope: Scope) -> list[Any] | None:
        values = []
        for column in self.inputs:
            value = column.value(scope)
            fitting = coerced(value, column.type)
            if fitting is MISMATCH:
                message = f"Expected input '{column.label}' to be of type '{show(column.type)}', but it is not."
                self._problem(scope, "DMN_INPUT_TYPE", message)
                return None
            if column.allowed is not None and column.allowed(scope.inner({"?": fitting})) is not True:
                message = f"Expected input '{column.label}' to have one of the allowed values, but it has not."
                self._problem(scope, "DMN_INPUT_VALUE", message)
                return None
            values.append(fitting)
        return values

    def _fits(self, rule: TableRule, scopes: list[Scope], scope: Scope) -> bool:
        scope.run.tick(1 + len(rule.tests))
        return all(test is None or test(inner) is True for test, inner in zip(rule.tests, scopes, strict=True))

    def _problem(self, scope: Scope, code: str, message: str) -> None:
        assert isinstance(scope.run, DecisionRun)
        scope.run.problem(self.owner, code, message)

    # Results

    def _default(self, scope: Scope) -> Any:
        if all(column.default is None for column in self.outputs):
            if self.policy != "COLLECT":
                return None
            return {"COUNT": 0}.get(self.aggregation or "", [] if self.aggregation is None else None)
        values = [None if column.default is None else column.default(scope) for column in self.outputs]
        return self._row(values, scope)

    def _result(self, rule: TableRule, scope: Scope) -> Any:
        return self._row([output(scope) for output in rule.outputs], scope)

    def _row(self, values: list[Any], scope: Scope) -> Any:
        checked = [self._output(column, value, scope) for column, value in zip(self.outputs, values, strict=True)]
        if len(self.outputs) == 1:
            return checked[0]
        return {column.name: value for column, value in zip(self.outputs, checked, strict=True)}

    def _output(self, column: OutputColumn, value: Any, scope: Scope) -> Any:
        fitting = coerced(value, column.type)
        if fitting is MISMATCH:
            message = f"Expected output '{column.name}' to be of type '{show(column.type)}', but it is not."
            self._problem(scope, "DMN_OUTPUT_TYPE", message)
            return None
        if column.allowed is None or fitting is None or column.allowed(scope.inner({"?": fitting})) is True:
            return fitting
        message = f"Expected output '{column.name}' to have one of the allowed values, but it has not."
        self._problem(scope, "DMN_OUTPUT_VALUE", message)
        return None

    def _policies(self) -> Mapping[str, Callable[[list[TableRule], Scope], Any]]:
        return {
            "UNIQUE": self._unique,
            "ANY": self._any,
            "FIRST": lambda hits, scope: self._result(hits[0], scope),
            "PRIORITY": lambda hits, scope: self._ordered(hits, scope)[0],
            "RULE ORDER": lambda hits, scope: [self._result(rule, scope) for rule in hits],
            "OUTPUT ORDER": self._ordered,
            "COLLECT": self._collect,
        }

    def _unique(self, hits: list[TableRule], scope: Scope) -> Any:
        if len(hits) > 1:
            ids = ", ".join(f"'{rule.id}'" for rule in hits[:5])
            self._problem(scope, "DMN_HIT_POLICY_BROKEN", f"Expected at most one rule to fit, but {ids} do (UNIQUE).")
            return None
        return self._result(hits[0], scope)

    def _any(self, hits: list[TableRule], scope: Scope) -> Any:
        results = [self._result(rule, scope) for rule in hits]
        if any(equal(results[0], each) is not True for each in results[1:]):
            message = "Expected all rules that fit to have the same output, but they differ (ANY)."
            self._problem(scope, "DMN_HIT_POLICY_BROKEN", message)
            return None
        return results[0]

    def _ordered(self, hits: list[TableRule], scope: Scope) -> list[Any]:
        """By the order of the allowed outputs, column by column."""
        orders = [[] if column.order is None else column.order(scope) or [] for column in self.outputs]

        def rank(result: Any) -> tuple[int, ...]:
            values = [result] if len(self.outputs) == 1 else [result[column.name] for column in self.outputs]
            return tuple(
                next((at for at, each in enumerate(order) if equal(value, each) is True), len(order))
                for value, order in zip(values, orders, strict=True)
            )

        return sorted((self._result(rule, scope) for rule in hits), key=rank)

    def _collect(self, hits: list[TableRule], scope: Scope) -> Any:
        results = [self._result(rule, scope) for rule in hits]
        if self.aggregation is None:
            return results
        if self.aggregation == "COUNT":
            return len(results)
        aggregate = {"SUM": total, "MIN": least, "MAX": greatest}[self.aggregation]
        if len(self.outputs) == 1:
            return aggregate(results)
        return {column.name: aggregate([each[column.name] for each in results]) for column in self.outputs}
