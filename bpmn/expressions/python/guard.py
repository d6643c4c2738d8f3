"""What rewritten code calls: operations that count their cost and reach only what tables offer.

One guard per evaluation. Cost is counted in steps, about one per syntax node run or item touched; CPU time of the
thread is looked at now and then, so that a step of the engine is never held longer than `CPU_SECONDS`.
"""

from __future__ import annotations

import operator
import re
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import FunctionType
from typing import Any

from bpmn.expressions.api import Context, EvaluationError
from bpmn.expressions.handlers import HandlerReference, call_handler, read_handler_property
from bpmn.expressions.limits import (
    CPU_SECONDS,
    MAX_INT_BITS,
    check_integer,
    check_item_count,
    check_string_size,
    multiply,
    too_large_integer,
)
from bpmn.expressions.values import type_name

MAX_STEPS = 3_000_000
_CLOCK_EVERY = 5_000
_SCALARS = frozenset({type(None), bool, int, float, str, Decimal, date, datetime, timedelta})
_NUMBERS = frozenset({bool, int, float})
_LARGEST_WIDTH = 200
_WIDTH = re.compile(r"\d+|\*")

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
    "is": operator.is_,
    "is not": operator.is_not,
}


class SafeFunction:
    """A builtin that a model may call. `kind` is the type it stands for in `isinstance`, `statics` its methods."""

    __slots__ = ("function", "kind", "name", "statics")

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        kind: type | None = None,
        statics: dict[str, Callable[..., Any]] | None = None,
    ) -> None:
        self.name = name
        self.function = function
        self.kind = kind
        self.statics = statics or {}


class Guard:
    """Counts and checks one evaluation."""

    __slots__ = ("_clock_at", "_started", "_steps", "context", "methods")

    def __init__(self, context: Context, methods: Callable[[Any, str], Callable[..., Any] | None]) -> None:
        self.context = context
        self.methods = methods
        self._steps = MAX_STEPS
        self._clock_at = MAX_STEPS - _CLOCK_EVERY
        self._started = time.thread_time()

    # Cost

    def tick(self, weight: int) -> None:
        """Charge steps. Raises EvaluationError when steps or CPU time are used up."""
        self._steps -= weight
        if self._steps < self._clock_at:
            self._clock_at = self._steps - _CLOCK_EVERY
            if self._steps < 0:
                raise EvaluationError(f"Expected a script of at most {MAX_STEPS} steps, but it needs more.")
            if time.thread_time() - self._started > CPU_SECONDS:
                raise EvaluationError(f"Expected a script of at most {CPU_SECONDS} s CPU time, but it needs more.")

    def step(self, weight: int) -> bool:
        """As `tick`, as a condition that always holds."""
        self.tick(weight)
        return True

    def charge(self, value: Any) -> Any:
        """Charge the size of a value, everything within it counted as often as it is reached."""
        if type(value) in _SCALARS:
            self.tick(1 + len(value) // 16 if type(value) is str else 1)
            return value
        waiting = [value]
        while waiting:
            item = waiting.pop()
            if isinstance(item, list | set):
                self.tick(1 + len(item))
                waiting.extend(each for each in item if type(each) not in _NUMBERS)
            elif isinstance(item, dict):
                self.tick(1 + len(item))
                waiting.extend(each for each in item.values() if type(each) not in _NUMBERS)
            else:
                self.tick(1 + len(item) // 16 if type(item) is str else 1)
        return value

    def made(self, value: Any) -> Any:
        """Charge the outermost size of something new, and refuse it above the limits."""
        kind = type(value)
        if kind is str:
            check_string_size(len(value))
            self.tick(1 + len(value) // 16)
        elif kind is list or kind is dict or kind is set:
            check_item_count(len(value))
            self.tick(1 + len(value))
        elif kind is tuple:
            return self.made([*value])
        elif kind is int:
            check_integer(value)
        return value

    # Names, members, calls

    def attribute(self, value: Any, name: str) -> Any:
        """`value.name`: a key of a map (as SpiffWorkflow's boxes), a part of a date, a handler's property."""
        if isinstance(value, dict):
            if name in value:
                return value[name]
            raise EvaluationError(f"Expected a map with key {name!r}, but it has none of that name.")
        if isinstance(value, HandlerReference):
            return read_handler_property(value, name)
        if isinstance(value, date) and name in _DATE_PARTS:
            return _date_part(value, name)
        if isinstance(value, timedelta) and name in ("days", "seconds", "microseconds"):
            return {"days": value.days, "seconds": value.seconds, "microseconds": value.microseconds}[name]
        raise EvaluationError(
            f"Expected a {_kind(value)} with property {name!r}, but it has none that models may read."
        )

    def call(self, value: Any, name: str, /, *arguments: Any, **named: Any) -> Any:
        """`value.name(...)` from the tables of methods."""
        if isinstance(value, HandlerReference):
            return call_handler(value, name, list(arguments), named)
        if isinstance(value, SafeFunction):
            static = value.statics.get(name)
            if static is not None:
                return self.made(static(self, *arguments, **named))
        else:
            method = self.methods(value, name)
            if method is not None:
                self.tick(2)
                return self.made(method(self, value, *arguments, **named))
            if isinstance(value, dict) and type(value.get(name)) is FunctionType:
                return value[name](*arguments, **named)
        raise EvaluationError(f"Expected a method of a {_kind(value)} that models may call, but found {name!r}.")

    def invoke(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        """`function(...)`: builtins of ours, lambdas of the script, registered handlers."""
        self.tick(2)
        if type(function) is SafeFunction:
            return self.made(function.function(self, *arguments, **named))
        if type(function) is FunctionType:
            return function(*arguments, **named)
        if isinstance(function, HandlerReference):
            return call_handler(function, None, list(arguments), named)
        raise EvaluationError(f"Expected a function, but a {_kind(function)} was called.")

    def function(self, function: Any) -> Callable[..., Any]:
        """A function of the script as an argument for Python's own (`sorted(..., key=len)`)."""
        return lambda *arguments: self.invoke(function, *arguments)

    def iterate(self, value: Any) -> Any:
        if isinstance(value, list | dict | str):
            return value
        if isinstance(value, set):
            return sorted(value, key=lambda item: (type(item).__name__, repr(item)))
        raise EvaluationError(f"Expected a list, map, set or string to iterate over, but got a {_kind(value)}.")

    def item(self, value: Any, index: Any) -> Any:
        if isinstance(value, list | str | dict):
            return value[index]
        raise EvaluationError(f"Expected a list, map or string before '[', but got a {_kind(value)}.")

    def target(self, value: Any) -> Any:
        """What an assignment to `value[key]` or `value.key` may change: maps and lists only."""
        if isinstance(value, list | dict):
            return value
        raise EvaluationError(f"Expected a map or list to assign to, but got a {_kind(value)}.")

    def slice(self, value: Any, lower: Any, upper: Any, step: Any) -> Any:
        if isinstance(value, list | str):
            return self.made(value[lower:upper:step])
        raise EvaluationError(f"Expected a list or string before '[', but got a {_kind(value)}.")

    def make_set(self, items: list[Any]) -> Any:
        return self.made(set(items))

    # Operators

    def compare(self, left: Any, symbol: str, right: Any) -> Any:
        if symbol in ("in", "not in") and not isinstance(right, list | dict | str | set):
            raise EvaluationError(f"Expected a list, map, set or string behind 'in', but got a {_kind(right)}.")
        if type(left) not in _SCALARS:
            self.charge(left)
        if type(right) not in _SCALARS:
            self.charge(right)
        elif type(right) is str:
            self.tick(1 + len(right) // 64)
        return _COMPARISONS[symbol](left, right)

    def compare_chain(self, left: Any, *pairs: Any) -> Any:
        result: Any = True
        for symbol, operand in zip(pairs[::2], pairs[1::2], strict=True):
            right = operand() if type(operand) is FunctionType else operand
            result = self.compare(left, symbol, right)
            if not result:
                return result
            left = right
        return result

    def add(self, left: Any, right: Any) -> Any:
        if type(left) in _NUMBERS and type(right) in _NUMBERS:
            return check_integer(left + right)
        if isinstance(left, str) and isinstance(right, str):
            check_string_size(len(left) + len(right))
        elif isinstance(left, list) and isinstance(right, list):
            check_item_count(len(left) + len(right))
        return self.made(left + right)

    def subtract(self, left: Any, right: Any) -> Any:
        return self.made(left - right)

    def multiply(self, left: Any, right: Any) -> Any:
        for sequence, count in ((left, right), (right, left)):
            if isinstance(sequence, str | list) and isinstance(count, int):
                (check_string_size if isinstance(sequence, str) else check_item_count)(len(sequence) * max(0, count))
        return self.made(multiply(left, right))

    def divide(self, left: Any, right: Any) -> Any:
        return left / right

    def floor_divide(self, left: Any, right: Any) -> Any:
        return self.made(left // right)

    def modulo(self, left: Any, right: Any) -> Any:
        if isinstance(left, str):
            return self._percent(left, right)
        return self.made(left % right)

    def _percent(self, pattern: str, right: Any) -> Any:
        if any(width == "*" or int(width) > _LARGEST_WIDTH for width in _WIDTH.findall(pattern)):
            raise EvaluationError(f"Expected widths of at most {_LARGEST_WIDTH} in a format, but one is larger.")
        # `"%s %s" % (a, b)`: the tuple of the source has become a list.
        values = list(right.values()) if isinstance(right, dict) else right if isinstance(right, list) else [right]
        shown = [self._format_argument(value) for value in values]
        longest = max((len(value) for value in shown if isinstance(value, str)), default=0)
        check_string_size(len(pattern) + pattern.count("%") * longest)
        given = dict(zip(right, shown, strict=True)) if isinstance(right, dict) else tuple(shown)
        return self.made(pattern % given)

    def _format_argument(self, value: Any) -> Any:
        _check_decimals(value)
        return value if type(value) in _SCALARS else self.text(value)

    def power(self, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int):
            if abs(left) > 1 and abs(right) * left.bit_length() > MAX_INT_BITS:
                raise too_large_integer()
        elif not isinstance(left, int | float | Decimal) or not isinstance(right, int | float | Decimal):
            raise EvaluationError(f"Expected two numbers for **, but got {_kind(left)} and {_kind(right)}.")
        result = left**right
        if isinstance(result, complex):
            raise EvaluationError("Expected a real number as a power, but the result is complex.")
        return result

    def shift_left(self, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right > MAX_INT_BITS:
            raise too_large_integer()
        return left << right

    def shift_right(self, left: Any, right: Any) -> Any:
        return left >> right

    def bit_or(self, left: Any, right: Any) -> Any:
        return self.made(left | right)

    def bit_and(self, left: Any, right: Any) -> Any:
        return self.made(left & right)

    def bit_xor(self, left: Any, right: Any) -> Any:
        return self.made(left ^ right)

    def format(self, value: Any, specification: str, conversion: int = -1) -> str:
        """A field of an f-string or `format(value, specification)`."""
        if any(int(width) > _LARGEST_WIDTH for width in _WIDTH.findall(specification) if width != "*"):
            raise EvaluationError(f"Expected widths of at most {_LARGEST_WIDTH} in a format, but one is larger.")
        if conversion in (ord("r"), ord("a")):
            value = self.text(value, repr)
        elif conversion == ord("s") or type(value) not in _SCALARS:
            value = self.text(value)
        _check_decimals(value)
        return str(self.made(format(value, specification)))

    def joined(self, parts: list[str]) -> Any:
        """An f-string from its parts, the size known beforehand."""
        check_string_size(sum(map(len, parts)))
        return self.made("".join(parts))

    def text(self, value: Any, function: Callable[[Any], str] = str) -> str:
        """`str(value)`, the size known beforehand."""
        if isinstance(value, HandlerReference | SafeFunction | BaseException) or type(value) is FunctionType:
            raise EvaluationError(f"Expected a value that can be shown as text, but got a {_kind(value)}.")
        self.charge(value)
        return function(value)


_DATE_PARTS: dict[str, Callable[[Any], int]] = {
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "hour": lambda value: value.hour,
    "minute": lambda value: value.minute,
    "second": lambda value: value.second,
    "microsecond": lambda value: value.microsecond,
}


def _date_part(value: date, name: str) -> int:
    if not isinstance(value, datetime) and name not in ("year", "month", "day"):
        raise EvaluationError(f"Expected a date-time to have {name!r}, but it is a date.")
    return _DATE_PARTS[name](value)


def _check_decimals(value: Any) -> None:
    """`f"{Decimal('1e999999'):f}"` would write a million digits."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) > MAX_INT_BITS:
        raise EvaluationError("Expected a decimal of moderate size to format, but its exponent is too large.")


def _kind(value: Any) -> str:
    if isinstance(value, SafeFunction):
        return f"function {value.name!r}"
    if isinstance(value, HandlerReference):
        return f"handler {value.name!r}"
    return "function" if type(value) is FunctionType else type_name(value)
