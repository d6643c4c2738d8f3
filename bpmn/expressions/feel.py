"""A subset of FEEL (DMN 1.5, chapter 10.3): what input/output mappings and gateways of Camunda 8 mostly use.

Literals, lists, contexts, paths, indexes (from 1), comparison, arithmetic, `and`/`or`/`not()`, `if then else`. What is
more is refused at compile time (EXPRESSION_UNSUPPORTED). Null instead of errors and three-valued logic as in the
standard; an unknown variable is null, as in Camunda 8. Numbers are computed as decimals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Context as DecimalContext
from decimal import Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow
from typing import Any

from bpmn.expressions.api import CompileError, Context, Value
from bpmn.expressions.failures import in_expression
from bpmn.expressions.limits import MAX_NESTING, MAX_STRING, check_text
from bpmn.expressions.scope import read_variable
from bpmn.expressions.values import plain

Evaluate = Callable[[Context], Any]

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))(?![\w.])
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<name>[^\W\d]\w*)
    |(?P<operator>!=|<=|>=|\*\*|\.\.|[-+*/=<>().,\[\]{}:])
    |(?P<end>\Z))""",
    re.VERBOSE | re.DOTALL,
)
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"or"}),
    frozenset({"and"}),
    frozenset({"=", "!=", "<", "<=", ">", ">="}),
    frozenset({"+", "-"}),
    frozenset({"*", "/"}),
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_UNSUPPORTED = frozenset({"for", "some", "every", "function", "between", "in", "instance", "return", "satisfies"})
_KEYWORDS = _UNSUPPORTED | {"if", "then", "else", "and", "or", "not"} | _CONSTANTS.keys()
_EXACT = DecimalContext(prec=34, traps=[InvalidOperation, DivisionByZero, Overflow])


@dataclass(frozen=True, slots=True)
class FeelExpression:
    """A compiled expression."""

    text: str
    reads: frozenset[str] | None
    run: Evaluate
    language: str = "feel"

    def evaluate(self, context: Context) -> Value:
        try:
            return plain(_outward(self.run(context)))
        except Exception as error:
            raise in_expression(error, self.text) from error.__cause__


def compile_feel(text: str) -> FeelExpression:
    """Compile an expression; a leading `=` (Camunda 8's mark) is left out. Raises CompileError."""
    check_text(text, "FEEL")
    parser = _Parser(list(_tokens(text.strip().removeprefix("="))))
    run = parser.parse()
    return FeelExpression(text, frozenset(parser.names), run)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unsupported(f"{text[position:].strip()[:20]!r}")
        kind = match.lastgroup or ""
        yield kind, match.group(kind)
        if kind == "end":
            return
        position = match.end()


def _unsupported(what: str) -> CompileError:
    return CompileError(
        f"Expected FEEL of the supported subset, but found {what}.",
        code="EXPRESSION_UNSUPPORTED",
        hint="Use paths, comparison, arithmetic, and/or/not(), if then else.",
    )


class _Parser:
    """Recursive descent that makes closures directly; `names` are the variables it met."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._next = 0
        self._nesting = 0
        self.names: set[str] = set()

    def parse(self) -> Evaluate:
        run = self._expression()
        if self._kind != "end":
            raise self._unexpected("the end")
        return run

    @property
    def _kind(self) -> str:
        return self._tokens[self._next][0]

    @property
    def _text(self) -> str:
        return self._tokens[self._next][1]

    def _is(self, *texts: str) -> bool:
        return self._kind in ("operator", "name") and self._text in texts

    def _take(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1][1]

    def _expect(self, text: str) -> None:
        if not self._is(text):
            raise self._unexpected(f"'{text}'")
        self._next += 1

    def _unexpected(self, expected: str) -> CompileError:
        if self._kind == "name" or self._is("..", "**"):
            return _unsupported(f"'{self._text}' where {expected} could be")
        found = "the end" if self._kind == "end" else f"'{self._text}'"
        return CompileError(f"Expected {expected}, but found {found} in FEEL.")

    def _expression(self) -> Evaluate:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise CompileError(f"Expected an expression nested at most {MAX_NESTING} deep, but it is deeper.")
        run = self._conditional() if self._is("if") else self._operators()
        self._nesting -= 1
        return run

    def _conditional(self) -> Evaluate:
        self._expect("if")
        test = self._expression()
        self._expect("then")
        then = self._expression()
        self._expect("else")
        otherwise = self._expression()
        return lambda context: then(context) if test(context) is True else otherwise(context)

    def _operators(self) -> Evaluate:
        operands, operators = [self._unary()], list[str]()
        while self._is(*(operator for level in _LEVELS for operator in level)):
            operators.append(self._take())
            operands.append(self._unary())
        for level in reversed(_LEVELS):
            operands, operators = _fold(operands, operators, level)
        return operands[0]

    def _unary(self) -> Evaluate:
        negative = False
        while self._is("-"):
            self._take()
            negative = not negative
        operand = self._path()
        return (lambda context: _arithmetic("-", 0, operand(context))) if negative else operand

    def _path(self) -> Evaluate:
        base = self._primary()
        steps: list[Callable[[Any, Context], Any]] = []
        while self._is(".", "["):
            if self._take() == ".":
                if self._kind != "name":
                    raise self._unexpected("a name")
                steps.append(_member(self._take()))
            else:
                steps.append(_index(self._index_number()))
                self._expect("]")
        if self._is("("):
            raise _unsupported("a function call")
        if not steps:
            return base

        def follow(context: Context) -> Any:
            value = base(context)
            for step in steps:
                value = step(value, context)
            return value

        return follow

    def _index_number(self) -> int:
        sign = -1 if self._is("-") and self._take() else 1
        if self._kind != "number" or not self._text.isdigit() or len(self._text) > 9:
            raise _unsupported("a filter: only a number may stand in '[]'")
        return sign * int(self._take())

    def _primary(self) -> Evaluate:
        if self._kind == "number":
            number: Any = _outward(Decimal(self._take()))
            return lambda context: number
        if self._kind == "string":
            string = _string(self._take())
            return lambda context: string
        if self._is("("):
            self._take()
            inner = self._expression()
            self._expect(")")
            return inner
        if self._is("["):
            return self._list()
        if self._is("{"):
            return self._context()
        if self._kind == "name":
            return self._name()
        raise self._unexpected("a value")

    def _name(self) -> Evaluate:
        name = self._take()
        if name in _CONSTANTS:
            constant = _CONSTANTS[name]
            return lambda context: constant
        if name == "not" and self._is("("):
            self._take()
            operand = self._expression()
            self._expect(")")
            return lambda context: _negation(operand(context))
        if name in _KEYWORDS:
            raise _unsupported(f"'{name}'")
        if self._is("("):
            raise _unsupported(f"function '{name}'")
        self.names.add(name)

        def read(context: Context) -> Any:
            try:
                return read_variable(context, name)
            except KeyError:
                return None

        return read

    def _list(self) -> Evaluate:
        self._expect("[")
        items: list[Evaluate] = []
        while not self._is("]"):
            if items:
                self._expect(",")
            items.append(self._expression())
        self._take()
        return lambda context: [item(context) for item in items]

    def _context(self) -> Evaluate:
        self._expect("{")
        entries: list[tuple[str, Evaluate]] = []
        while not self._is("}"):
            if entries:
                self._expect(",")
            if self._kind not in ("name", "string"):
                raise self._unexpected("a key")
            key = _string(self._take()) if self._kind == "string" else self._take()
            self._expect(":")
            entries.append((key, self._expression()))
        self._take()
        return lambda context: {key: value(context) for key, value in entries}


def _fold(operands: list[Evaluate], operators: list[str], level: frozenset[str]) -> tuple[list[Evaluate], list[str]]:
    joined: list[Evaluate] = []
    remaining: list[str] = []
    first, rest = operands[0], list[tuple[str, Evaluate]]()
    for operator, operand in zip(operators, operands[1:], strict=True):
        if operator in level:
            rest.append((operator, operand))
        else:
            joined.append(_chain(first, rest))
            remaining.append(operator)
            first, rest = operand, []
    joined.append(_chain(first, rest))
    return joined, remaining


def _chain(first: Evaluate, rest: list[tuple[str, Evaluate]]) -> Evaluate:
    if not rest:
        return first
    if rest[0][0] in ("and", "or"):
        decisive = rest[0][0] == "or"
        operands = [first, *(operand for _, operand in rest)]
        return lambda context: _logical(operands, decisive, context)

    def evaluate(context: Context) -> Any:
        value = first(context)
        for operator, operand in rest:
            apply = _arithmetic if operator in "+-*/" else _compare
            value = apply(operator, value, operand(context))
        return value

    return evaluate


def _logical(operands: list[Evaluate], decisive: bool, context: Context) -> bool | None:
    """DMN 1.5, table 50: null where the boolean operands do not decide."""
    result: bool | None = not decisive
    for operand in operands:
        value = operand(context)
        if not isinstance(value, bool):
            result = None
        elif value is decisive:
            return decisive
    return result


def _negation(value: Any) -> bool | None:
    return not value if isinstance(value, bool) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _decimal(value: Any) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _outward(value: Any) -> Any:
    """Decimals as ints and floats where these hold them exactly."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return value
    if -30 < value.adjusted() < 30:
        if value == value.to_integral_value():
            return int(value)
        if Decimal(repr(float(value))) == value:
            return float(value)
    return value


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    if _is_number(left) and _is_number(right):
        try:
            first, second = _decimal(left), _decimal(right)
            match operator:
                case "+":
                    result = _EXACT.add(first, second)
                case "-":
                    result = _EXACT.subtract(first, second)
                case "*":
                    result = _EXACT.multiply(first, second)
                case _:
                    result = _EXACT.divide(first, second)
        except DecimalException:
            return None
        return _outward(result)
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right if len(left) + len(right) <= MAX_STRING else None
    if operator in "+-" and isinstance(left, date | timedelta) and isinstance(right, date | timedelta):
        try:
            return left + right if operator == "+" else left - right  # type: ignore[operator]
        except (TypeError, OverflowError):
            return None
    return None


def _compare(operator: str, left: Any, right: Any) -> bool | None:
    """Null where the types differ, except that everything can be compared with null by `=` and `!=`."""
    if operator in ("=", "!="):
        if left is None or right is None:
            same = left is right
        elif _is_number(left) and _is_number(right):
            same = _decimal(left) == _decimal(right)
        elif type(left) is type(right):
            same = bool(left == right)
        else:
            return None
        return same if operator == "=" else not same
    if _is_number(left) and _is_number(right):
        left, right = _decimal(left), _decimal(right)
    elif type(left) is not type(right) or not isinstance(left, str | date | datetime | time | timedelta):
        return None
    try:
        order = (left > right) - (left < right)
    except TypeError:
        return None
    return bool({"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator])


def _member(name: str) -> Callable[[Any, Context], Any]:
    def read(value: Any, context: Context) -> Any:
        if isinstance(value, dict):
            return value.get(name)
        if isinstance(value, list):
            return [item.get(name) if isinstance(item, dict) else None for item in value]
        return None

    return read


def _index(number: int) -> Callable[[Any, Context], Any]:
    def read(value: Any, context: Context) -> Any:
        # DMN 1.5, 10.3.2.5: a single value is a list of one; positions count from 1, from the end with a minus.
        items = value if isinstance(value, list) else [] if value is None else [value]
        position = number - 1 if number > 0 else len(items) + number
        return items[position] if number and 0 <= position < len(items) else None

    return read


def _string(quoted: str) -> str:
    try:
        return str(json.loads(quoted, strict=False))
    except ValueError as error:
        raise CompileError(f"Expected a valid FEEL string, but found {quoted[:40]}.") from error
