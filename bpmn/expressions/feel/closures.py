"""The tree of FEEL to closures: compiled once, evaluated often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpmn.expressions.api import CompileError
from bpmn.expressions.feel import tree
from bpmn.expressions.feel.invocation import invoke, invoke_named
from bpmn.expressions.feel.iteration import Source, combinations
from bpmn.expressions.feel.members import member_of
from bpmn.expressions.feel.operations import arithmetic, between, compare, negated, satisfies
from bpmn.expressions.feel.scope import Scope
from bpmn.expressions.feel.types import ANY, instance_of, is_number
from bpmn.expressions.feel.values import Function, Range

Evaluate = Callable[[Scope], Any]


class Compiler:
    """Makes closures; `free` are the names that are read from outside of the expression.

    `functions` are the built-in ones. With `strict`, calling a name that is neither built in nor declared is refused;
    else it is null when evaluated, and `unknown` tells the names.
    """

    def __init__(self, functions: dict[str, Function], *, strict: bool) -> None:
        self._functions = functions
        self._strict = strict
        self.free: set[str] = set()
        self.unknown: set[str] = set()

    def compile(self, node: tree.Node) -> Evaluate:
        match node:
            case tree.Literal(value):
                return lambda scope: value
            case tree.Name():
                return self._name(node)
            case tree.Chain(first, rest):
                return self._chain(first, rest)
            case tree.Negation(operand):
                evaluate = self.compile(operand)
                return lambda scope: negated(evaluate(scope))
            case tree.Between(value, low, high):
                return self._between(value, low, high)
            case tree.In(value, tests):
                return self._in(value, tests)
            case tree.UnaryTests():
                return self._unary_tests(node)
            case tree.InstanceOf(value, kind):
                evaluate = self.compile(value)
                return lambda scope: instance_of(evaluate(scope), kind)
            case tree.RangeLiteral():
                return self._range(node)
            case tree.Items(items):
                return self._items(items)
            case tree.Entries(entries):
                return self._entries(entries)
            case tree.Conditional(branches, otherwise):
                return self._conditional(branches, otherwise)
            case tree.For(iterators, body):
                return self._for(iterators, body)
            case tree.Quantified():
                return self._quantified(node)
            case tree.Function():
                return self._function(node)
            case tree.Path(base, steps):
                return self._path(base, steps)
        raise AssertionError(f"Expected a node of FEEL, but got {type(node).__name__}")

    def _name(self, node: tree.Name) -> Evaluate:
        name, builtin = node.name, self._functions.get(node.name)
        if not node.declared:
            self.free.add(name)

        def read(scope: Scope) -> Any:
            try:
                return scope.get(name)
            except KeyError:
                return builtin

        return read

    def _chain(self, first: tree.Node, rest: tuple[tuple[str, tree.Node], ...]) -> Evaluate:
        start = self.compile(first)
        if rest[0][0] in ("and", "or"):
            operands = [start, *(self.compile(operand) for _, operand in rest)]
            return lambda scope: _logical(operands, scope, decisive=rest[0][0] == "or")
        steps = [
            (arithmetic if operator in ("+", "-", "*", "/", "**") else compare, operator, self.compile(operand))
            for operator, operand in rest
        ]
        if len(steps) == 1:
            apply, operator, operand = steps[0]
            return lambda scope: apply(operator, start(scope), operand(scope))

        def evaluate(scope: Scope) -> Any:
            value = start(scope)
            for apply, operator, operand in steps:
                value = apply(operator, value, operand(scope))
            return value

        return evaluate

    def _between(self, value: tree.Node, low: tree.Node, high: tree.Node) -> Evaluate:
        what, start, end = self.compile(value), self.compile(low), self.compile(high)
        return lambda scope: between(what(scope), start(scope), end(scope))

    # Tests

    def _in(self, value: tree.Node, tests: tuple[tree.Test, ...]) -> Evaluate:
        what = self.compile(value)
        compiled = [self._test(test) for test in tests]
        if len(compiled) == 1:
            only = compiled[0]
            return lambda scope: only(scope, what(scope))

        def evaluate(scope: Scope) -> bool:
            found = what(scope)
            return any(test(scope, found) is True for test in compiled)

        return evaluate

    def _test(self, test: tree.Test) -> Callable[[Scope, Any], bool | None]:
        evaluate, operator = self.compile(test.value), test.operator
        if operator:
            return lambda scope, value: compare(operator, value, evaluate(scope))
        if not test.asks:
            return lambda scope, value: satisfies(value, evaluate(scope))

        def ask(scope: Scope, value: Any) -> bool | None:
            answer = evaluate(scope)
            return answer if isinstance(answer, bool) else satisfies(value, answer)

        return ask

    def _unary_tests(self, node: tree.UnaryTests) -> Evaluate:
        """Asks of the value that is bound to `?`."""
        tests, negated_tests = [self._test(test) for test in node.tests], node.negated
        if not tests:
            return lambda scope: True

        def evaluate(scope: Scope) -> bool:
            value = scope.get("?")
            return any(test(scope, value) is True for test in tests) is not negated_tests

        return evaluate

    # Lists, contexts, ranges

    def _range(self, node: tree.RangeLiteral) -> Evaluate:
        start = None if node.start is None else self.compile(node.start)
        end = None if node.end is None else self.compile(node.end)

        def evaluate(scope: Scope) -> Any:
            first = None if start is None else start(scope)
            last = None if end is None else end(scope)
            return checked_range(Range(first, last, node.start_included, node.end_included, node.operator))

        return evaluate

    def _items(self, items: tuple[tree.Node, ...]) -> Evaluate:
        compiled = [self.compile(item) for item in items]

        def evaluate(scope: Scope) -> list[Any]:
            scope.run.made(len(compiled))
            return [item(scope) for item in compiled]

        return evaluate

    def _entries(self, entries: tuple[tuple[str, tree.Node], ...]) -> Evaluate:
        if len({key for key, _ in entries}) < len(entries):
            return lambda scope: None  # the same key twice: no context
        compiled = [(key, self.compile(value)) for key, value in entries]

        def evaluate(scope: Scope) -> dict[str, Any]:
            made: dict[str, Any] = {}
            inner = scope.inner(made)
            scope.run.made(len(compiled))
            for key, value in compiled:
                made[key] = value(inner)
            return made

        return evaluate

    # Control

    def _conditional(self, branches: tuple[tuple[tree.Node, tree.Node], ...], otherwise: tree.Node) -> Evaluate:
        compiled = [(self.compile(condition), self.compile(value)) for condition, value in branches]
        last = self.compile(otherwise)

        def evaluate(scope: Scope) -> Any:
            for condition, value in compiled:
                if condition(scope) is True:
                    return value(scope)
            return last(scope)

        return evaluate

    def _sources(self, iterators: tuple[tree.Iterator, ...]) -> list[Source]:
        return [
            Source(each.name, self.compile(each.source), None if each.end is None else self.compile(each.end))
            for each in iterators
        ]

    def _for(self, iterators: tuple[tree.Iterator, ...], body: tree.Node) -> Evaluate:
        sources, result = self._sources(iterators), self.compile(body)

        def evaluate(scope: Scope) -> Any:
            partial: list[Any] = []
            bindings = combinations(sources, scope)
            if bindings is None:
                return None
            for bound in bindings:
                scope.run.made(1)
                partial.append(result(scope.inner({**bound, "partial": partial})))
            return partial

        return evaluate

    def _quantified(self, node: tree.Quantified) -> Evaluate:
        sources, condition, every = self._sources(node.iterators), self.compile(node.condition), node.every

        def evaluate(scope: Scope) -> bool | None:
            bindings = combinations(sources, scope)
            if bindings is None:
                return None
            result: bool | None = every
            for bound in bindings:
                scope.run.tick(1)
                holds = condition(scope.inner(bound))
                if holds is (not every):
                    return not every
                if not isinstance(holds, bool):
                    result = None
            return result

        return evaluate

    def _function(self, node: tree.Function) -> Evaluate:
        names = tuple(name for name, _ in node.parameters)
        types = tuple(kind for _, kind in node.parameters)
        body = self.compile(node.body)

        def evaluate(scope: Scope) -> Function:
            def call(run: Any, *arguments: Any) -> Any:
                return body(scope.inner(dict(zip(names, arguments, strict=True))))

            return Function("function", names, call, types, ANY)

        return evaluate

    # Paths

    def _path(self, base: tree.Node, steps: tuple[tree.Node, ...]) -> Evaluate:
        start: Evaluate
        if isinstance(base, tree.Name) and isinstance(steps[0], tree.Call):
            start = self._called(base)
            compiled = [self._step(step) for step in steps]
        elif isinstance(base, tree.Name):
            leading = 0
            while leading < len(steps) and isinstance(steps[leading], tree.Member):
                leading += 1
            members = tuple(step.name for step in steps[:leading] if isinstance(step, tree.Member))
            start = self._members(base, members)
            compiled = [self._step(step) for step in steps[leading:]]
        else:
            start = self.compile(base)
            compiled = [self._step(step) for step in steps]
        if not compiled:
            return start

        def evaluate(scope: Scope) -> Any:
            value = start(scope)
            for step in compiled:
                value = step(value, scope)
            return value

        return evaluate

    def _called(self, base: tree.Name) -> Evaluate:
        """The function of that name: a declared one first, then the built-in one."""
        builtin = self._functions.get(base.name)
        if base.declared:
            return self._name(base)
        if builtin is not None:
            return lambda scope: builtin
        self.unknown.add(base.name)
        if self._strict:
            raise CompileError(
                f"Expected a function of FEEL, but there is none named '{base.name}'.",
                code="EXPRESSION_UNSUPPORTED",
                hint="Use the built-in functions of DMN 1.5, or compute the value in a service task.",
            )
        return self._name(base)

    def _members(self, base: tree.Name, members: tuple[str, ...]) -> Evaluate:
        """A path into a variable, followed before the variable is converted, so that the rest of it costs nothing."""
        name = base.name
        plain = self._name(base)

        def evaluate(scope: Scope) -> Any:
            found = scope.find(name)
            if found is None:
                value, outside = plain(scope), False
            else:
                value, outside = found
            for member in members:
                if outside and type(value) is dict:
                    value = value.get(member)
                    continue
                if outside:
                    value, outside = scope.run.converted(value), False
                value = member_of(value, member)
            return scope.run.converted(value) if outside else value

        return evaluate

    def _step(self, step: tree.Node) -> Callable[[Any, Scope], Any]:
        match step:
            case tree.Member(name):
                return lambda value, scope: member_of(value, name)
            case tree.Filter(condition):
                return self._filter(condition)
            case tree.Call(arguments, names):
                return self._call(arguments, names)
        raise AssertionError(f"Expected a step of a path, but got {type(step).__name__}")

    def _call(self, arguments: tuple[tree.Node, ...], names: tuple[str, ...]) -> Callable[[Any, Scope], Any]:
        compiled = [self.compile(argument) for argument in arguments]
        if names:
            return lambda value, scope: invoke_named(
                value, {name: argument(scope) for name, argument in zip(names, compiled, strict=True)}, scope.run
            )
        return lambda value, scope: invoke(value, [argument(scope) for argument in compiled], scope.run)

    def _filter(self, condition: tree.Node) -> Callable[[Any, Scope], Any]:
        if (position := _constant_position(condition)) is not None:
            return lambda value, scope: item_at(as_list(value), position)
        holds = self.compile(condition)

        def select(value: Any, scope: Scope) -> Any:
            items = as_list(value)
            if not items:
                return None if is_number(holds(scope.inner({"item": None}))) else []
            kept = []
            for at, item in enumerate(items):
                scope.run.tick(1)
                found = holds(item_scope(scope, item))
                if at == 0 and is_number(found):
                    return item_at(items, found)
                if found is True:
                    kept.append(item)
            return kept

        return select


def _constant_position(node: tree.Node) -> Any:
    if isinstance(node, tree.Literal) and is_number(node.value):
        return node.value
    if isinstance(node, tree.Negation) and isinstance(node.operand, tree.Literal) and is_number(node.operand.value):
        return -node.operand.value
    return None


def _logical(operands: list[Evaluate], scope: Scope, *, decisive: bool) -> bool | None:
    """DMN 1.5, table 50: null where the boolean operands do not decide."""
    result: bool | None = not decisive
    for operand in operands:
        value = operand(scope)
        if not isinstance(value, bool):
            result = None
        elif value is decisive:
            return decisive
    return result


def as_list(value: Any) -> list[Any]:
    """DMN 1.5, 10.3.2.5: a single value is a list of one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def item_at(items: list[Any], number: Any) -> Any:
    """The item at a position: from 1, or from the end with a minus."""
    position = int(number)
    if position > 0:
        position -= 1
    elif position < 0:
        position += len(items)
    else:
        return None
    return items[position] if 0 <= position < len(items) else None


def item_scope(scope: Scope, item: Any) -> Scope:
    """Where a filter looks for names: in the item, if it is a context, then `item`."""
    if not isinstance(item, dict):
        return scope.inner({"item": item})
    return scope.inner({"item": item}).inner(item)


def checked_range(range_: Range) -> Range | None:
    """Null for endpoints that cannot be compared with each other."""
    start, end = range_.start, range_.end
    for each in (start, end):
        if isinstance(each, bool | list | dict | Function | Range) and range_.operator not in ("=", "!="):
            return None
    if range_.operator is None and start is not None and end is not None and compare("<=", start, end) is None:
        return None
    return range_
