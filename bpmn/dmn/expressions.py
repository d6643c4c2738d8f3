"""Boxed expressions to closures over FEEL scopes (DMN 1.5, 10.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpmn.dmn import model
from bpmn.dmn.languages import compile_other, language
from bpmn.dmn.program import DecisionRun, Evaluate
from bpmn.dmn.tables import InputColumn, OutputColumn, Table, TableRule
from bpmn.dmn.types import Types
from bpmn.expressions.api import CompileError
from bpmn.expressions.feel.closures import as_list, item_at, item_scope
from bpmn.expressions.feel.invocation import invoke_named
from bpmn.expressions.feel.iteration import range_items
from bpmn.expressions.feel.language import Compiled, compile_in_decision, compile_unary_tests
from bpmn.expressions.feel.names import Names
from bpmn.expressions.feel.scope import Scope
from bpmn.expressions.feel.types import ANY, MISMATCH, Type, coerced, is_number, show
from bpmn.expressions.feel.values import Function, Range
from bpmn.findings import Severity

Report = Callable[..., None]
_CELL = "cellInput"
"""What Camunda 7 calls the value of an input in its entries."""


class Expressions:
    """Compiles what one element of the graph holds. `free` are names from outside that it may read."""

    def __init__(self, *, owner: model.Element, language: str, types: Types, members: Names, report: Report) -> None:
        self._owner = owner
        self._language = language
        self._types = types
        self._model_names: dict[str, Any] = {"members": members, "types": types.named}
        self._report = report
        self.free: set[str] = set()
        self.reads_anything = False

    # Findings

    def _finding(
        self, code: str, message: str, hint: str, line: int | None, severity: Severity = Severity.ERROR
    ) -> None:
        self._report(code, message, hint, self._owner.id, self._owner.name, line or self._owner.line, severity)

    def _broken(self, code: str, message: str) -> Evaluate:
        """What a part with an ERROR finding is when it is evaluated all the same."""
        id = self._owner.id

        def evaluate(scope: Scope) -> None:
            if isinstance(scope.run, DecisionRun):
                scope.run.problem(id, code, message)

        return evaluate

    def type(self, name: str | None, line: int | None) -> Type:
        found = self._types.find(name)
        if found is None:
            message = f"Expected a type named '{name}' in '{self._owner.id}', but there is none: any value is taken."
            hint = "Define it as item definition, or use a type of FEEL (number, string, boolean, date, ...)."
            self._finding("DMN_TYPE_MISSING", message, hint, line, Severity.WARNING)
        return found or ANY

    # Texts

    def literal(self, literal: model.Literal, known: set[str]) -> Evaluate:
        """A literal expression; null for an empty one."""
        text, named = literal.text, literal.language or self._language
        if not text:
            return lambda scope: None
        try:
            if language(text, named) == "feel":
                return self._feel(compile_in_decision(text, known=known, **self._model_names), literal)
            evaluate, compiled = compile_other(text, named or "juel")
        except CompileError as error:
            return self._refused(error, literal)
        if compiled.reads is None:
            self.reads_anything = True
        else:
            self.free |= compiled.reads
        return evaluate

    def _feel(self, compiled: Compiled, literal: model.Literal) -> Evaluate:
        self.free |= compiled.free
        for name in sorted(compiled.unknown):
            message = f"Expected a function named '{name}' in '{self._owner.id}', but there is none: its value is null."
            hint = "Require the business knowledge model or service, or use a built-in function of DMN."
            self._finding("DMN_FUNCTION_UNKNOWN", message, hint, literal.line, Severity.WARNING)
        return compiled.evaluate

    def _refused(self, error: CompileError, literal: model.Literal) -> Evaluate:
        shown = literal.text if len(literal.text) <= 80 else literal.text[:77] + "..."
        message = f"{error} (in {shown!r} of '{self._owner.id}')"
        hint = error.hint or "Correct the expression."
        self._finding(error.code, message, hint, literal.line)
        return self._broken(error.code, message)

    def tests(self, literal: model.Literal, known: set[str], asked: tuple[str, ...] = (_CELL,)) -> Evaluate | None:
        """An input entry, as a question about `?`, which has the names in `asked` too; None where anything fits."""
        text, named = literal.text, literal.language or self._language
        if not text or text == "-":
            return None
        try:
            if language(text, named) == "feel":
                return self._feel(compile_unary_tests(text, known=known, asked=asked, **self._model_names), literal)
            evaluate, compiled = compile_other(text, named or "juel")
        except CompileError as error:
            return self._refused(error, literal)
        if compiled.reads is None:
            self.reads_anything = True
        else:
            self.free |= compiled.reads - set(asked)
        return evaluate

    # Boxed expressions

    def compile(self, expression: model.Expression | None, known: set[str]) -> Evaluate:
        """A closure for the expression; null for none."""
        evaluate: Evaluate
        match expression:
            case None:
                return lambda scope: None
            case model.Literal():
                evaluate = self.literal(expression, known)
            case model.DecisionTable():
                evaluate = self._table(expression, known).evaluate
            case model.Context():
                evaluate = self._context(expression, known)
            case model.ListOf():
                items = [self.compile(item, known) for item in expression.items]
                evaluate = lambda scope: [item(scope) for item in items]  # noqa: E731
            case model.Relation():
                evaluate = self._relation(expression, known)
            case model.Invocation():
                evaluate = self._invocation(expression, known)
            case model.FunctionDefinition():
                evaluate = self._function(expression, known)
            case model.Conditional():
                evaluate = self._conditional(expression, known)
            case model.Filter():
                evaluate = self._filter(expression, known)
            case model.Iteration():
                evaluate = self._iteration(expression, known)
            case _:
                raise AssertionError(f"Expected a boxed expression, but got {type(expression).__name__}")
        return self._typed(evaluate, expression.type_ref, expression.line)

    def _typed(self, evaluate: Evaluate, type_ref: str | None, line: int | None) -> Evaluate:
        kind = self.type(type_ref, line)
        if kind is ANY:
            return evaluate
        id = self._owner.id

        def typed(scope: Scope) -> Any:
            value = coerced(evaluate(scope), kind)
            if value is not MISMATCH:
                return value
            if isinstance(scope.run, DecisionRun):
                scope.run.problem(
                    id, "DMN_TYPE", f"Expected a value of type '{show(kind)}' in '{id}', but got another."
                )
            return None

        return typed

    def _context(self, expression: model.Context, known: set[str]) -> Evaluate:
        entries: list[tuple[str | None, Evaluate]] = []
        for entry in expression.entries:
            value = self._typed(self.compile(entry.value, known), entry.type_ref, expression.line)
            entries.append((entry.name, value))
            if entry.name:
                known = known | {entry.name}

        def evaluate(scope: Scope) -> Any:
            made: dict[str, Any] = {}
            inner = scope.inner(made)
            for name, value in entries:
                if not name:
                    return value(inner)
                made[name] = value(inner)
            return made

        return evaluate

    def _relation(self, expression: model.Relation, known: set[str]) -> Evaluate:
        rows = [[self.compile(cell, known) for cell in row] for row in expression.rows]
        columns = expression.columns
        return lambda scope: [{name: cell(scope) for name, cell in zip(columns, row, strict=False)} for row in rows]

    def _invocation(self, expression: model.Invocation, known: set[str]) -> Evaluate:
        function = self.compile(expression.function, known)
        bindings = [
            (each.name, self._typed(self.compile(each.value, known), each.type_ref, expression.line))
            for each in expression.bindings
        ]
        id = self._owner.id

        def evaluate(scope: Scope) -> Any:
            called = function(scope)
            if not isinstance(called, Function) and isinstance(scope.run, DecisionRun):
                scope.run.problem(id, "DMN_INVOCATION", f"Expected a function to be invoked in '{id}', but it is none.")
            return invoke_named(called, {name: value(scope) for name, value in bindings}, scope.run)

        return evaluate

    def function_body(self, function: model.FunctionDefinition, known: set[str]) -> Evaluate:
        """The body, which sees its parameters."""
        if function.kind != "FEEL":
            return self._broken("DMN_FUNCTION_KIND", f"Expected a function of FEEL, but its kind is {function.kind}.")
        return self.compile(function.body, known | {each.name for each in function.parameters})

    def _function(self, expression: model.FunctionDefinition, known: set[str]) -> Evaluate:
        names = tuple(each.name for each in expression.parameters)
        types = tuple(self.type(each.type_ref, expression.line) for each in expression.parameters)
        body = self.function_body(expression, known)

        def evaluate(scope: Scope) -> Function:
            def call(run: Any, *arguments: Any) -> Any:
                return body(scope.inner(dict(zip(names, arguments, strict=True))))

            return Function("function", names, call, types, ANY)

        return evaluate

    def _conditional(self, expression: model.Conditional, known: set[str]) -> Evaluate:
        condition, then, otherwise = (
            self.compile(each, known) for each in (expression.condition, expression.then, expression.otherwise)
        )
        return lambda scope: then(scope) if condition(scope) is True else otherwise(scope)

    def _filter(self, expression: model.Filter, known: set[str]) -> Evaluate:
        source = self.compile(expression.source, known)
        match = self.compile(expression.match, known | {"item"})

        def evaluate(scope: Scope) -> Any:
            items = as_list(source(scope))
            kept = []
            for at, item in enumerate(items):
                scope.run.tick(1)
                fits = match(item_scope(scope, item))
                if at == 0 and is_number(fits):
                    return item_at(items, fits)
                if not isinstance(fits, bool):
                    return None
                if fits:
                    kept.append(item)
            return kept

        return evaluate

    def _iteration(self, expression: model.Iteration, known: set[str]) -> Evaluate:
        source = self.compile(expression.source, known)
        name, kind = expression.variable, expression.kind
        body = self.compile(expression.body, known | {name, "partial"})

        def items(scope: Scope) -> Any:
            value = source(scope)
            if isinstance(value, Range):
                return range_items(value)
            return None if value is None else as_list(value)

        def loop(scope: Scope) -> Any:
            found = items(scope)
            if found is None:
                return None
            partial: list[Any] = []
            for item in found:
                scope.run.made(1)
                partial.append(body(scope.inner({name: item, "partial": partial})))
            return partial

        def quantified(scope: Scope) -> bool | None:
            found = items(scope)
            if found is None:
                return None
            result: bool | None = kind == "every"
            for item in found:
                scope.run.tick(1)
                holds = body(scope.inner({name: item}))
                if holds is (kind != "every"):
                    return kind != "every"
                if not isinstance(holds, bool):
                    result = None
            return result

        return loop if kind == "for" else quantified

    # Decision tables

    def _table(self, table: model.DecisionTable, known: set[str]) -> Table:
        inputs = [self._input(each, at, known) for at, each in enumerate(table.inputs)]
        outputs = [self._output(each, at, known, table) for at, each in enumerate(table.outputs)]
        rules = []
        for at, rule in enumerate(table.rules):
            tests = tuple(
                self.tests(entry, known, column.names) for entry, column in zip(rule.inputs, inputs, strict=False)
            )
            results = tuple(self.literal(entry, known) for entry in rule.outputs)
            if len(tests) == len(inputs) and len(results) == len(outputs):  # else the reader has refused the table
                rules.append(TableRule(rule.id or str(at + 1), tests, results))
        self._check_priorities(table, outputs)
        return Table(
            owner=self._owner.id,
            policy=table.hit_policy if table.hit_policy in _KNOWN_POLICIES else "UNIQUE",
            aggregation=table.aggregation,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            rules=tuple(rules),
        )

    def _input(self, column: model.Input, at: int, known: set[str]) -> InputColumn:
        expression = column.expression
        label = column.label or (expression.text if expression is not None else "") or f"input {at + 1}"
        if expression is None or not expression.text:
            message = f"Expected an input expression in column {at + 1} of '{self._owner.id}', but there is none."
            self._finding("DMN_INPUT_WITHOUT_EXPRESSION", message, "Say which value the column asks.", column.line)
            return InputColumn(label, lambda scope: None, ANY, None, (_CELL,))
        return InputColumn(
            label,
            self.literal(expression, known),
            self.type(expression.type_ref, expression.line),
            None if column.allowed is None else self.tests(column.allowed, known),
            (_CELL, column.variable) if column.variable else (_CELL,),
        )

    def _output(self, column: model.Output, at: int, known: set[str], table: model.DecisionTable) -> OutputColumn:
        ordering = column.allowed or (self._types.allowed.get(column.type_ref) if column.type_ref else None)
        order: Evaluate | None = None
        if ordering is not None and ordering.text and table.hit_policy in ("PRIORITY", "OUTPUT ORDER"):
            listed = model.Literal(
                id=ordering.id, line=ordering.line, text=f"[{ordering.text}]", language=ordering.language
            )
            order = self.literal(listed, known)
        return OutputColumn(
            column.name or column.label or f"output {at + 1}",
            self.type(column.type_ref, column.line),
            None if column.allowed is None else self.tests(column.allowed, known),
            order,
            None if column.default is None else self.literal(column.default, known),
        )

    def _check_priorities(self, table: model.DecisionTable, outputs: list[OutputColumn]) -> None:
        if table.hit_policy in ("PRIORITY", "OUTPUT ORDER") and all(column.order is None for column in outputs):
            message = f"Expected output values to order the results of '{self._owner.id}' by, but there are none."
            hint = "List the output values, the most important first; else the order of the rules decides."
            self._finding("DMN_PRIORITY_MISSING", message, hint, table.line, Severity.WARNING)


_KNOWN_POLICIES = frozenset({"UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER", "COLLECT"})
