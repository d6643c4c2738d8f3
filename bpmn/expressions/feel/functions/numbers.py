"""Numeric functions (DMN 1.5, 10.3.4.5)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from decimal import Context as DecimalContext
from typing import Any

from bpmn.expressions.feel import temporal
from bpmn.expressions.feel.functions.signature import function, simple, variant
from bpmn.expressions.feel.operations import EXACT, arithmetic, compare, numeric
from bpmn.expressions.feel.types import is_number

_WIDE = DecimalContext(prec=7000, Emin=-20_000, Emax=20_000)
_LARGEST_SCALE, _SMALLEST_SCALE = 6176, -6111


def _rounded(mode: str) -> Callable[[Any, Any], Any]:
    def apply(number: Any, scale: Any) -> Any:
        places = int(scale)
        if not _SMALLEST_SCALE <= places <= _LARGEST_SCALE:
            return None
        value = Decimal(number)
        if value == 0 or -value.as_tuple().exponent <= places:  # type: ignore[operator]
            return value  # nothing to round
        return numeric(EXACT.plus, value.quantize(Decimal(1).scaleb(-places, _WIDE), rounding=mode, context=_WIDE))

    return apply


floor, ceiling = _rounded(ROUND_FLOOR), _rounded(ROUND_CEILING)


def absolute(value: Any) -> Any:
    if is_number(value):
        return abs(value)
    if isinstance(value, temporal.Months):
        return temporal.Months(abs(value.months))
    return temporal.Nanos(abs(value.nanos)) if isinstance(value, temporal.Nanos) else None


def modulo(dividend: Any, divisor: Any) -> Any:
    quotient = arithmetic("/", dividend, divisor)
    if quotient is None:
        return None
    if quotient.adjusted() < 33:  # exact: the remainder, with the sign of the divisor
        first, second = Decimal(dividend), Decimal(divisor)
        rest = EXACT.remainder(first, second)
        return rest if not rest or (rest < 0) == (second < 0) else EXACT.add(rest, second)
    return arithmetic("-", dividend, arithmetic("*", divisor, floor(quotient, 0)))


def _positive(operation: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda number: numeric(operation, number) if number > 0 else None


def square_root(number: Any) -> Any:
    return numeric(EXACT.sqrt, number) if compare(">=", number, 0) else None


def exponential(number: Any) -> Any:
    return numeric(EXACT.exp, number)


def _parity(wanted: int) -> Callable[[Any], bool]:
    return lambda number: number == int(number) and int(number) % 2 == wanted


FUNCTIONS = (
    simple("decimal", "n: number, scale: number", _rounded(ROUND_HALF_EVEN)),
    *(
        function(
            name,
            variant("n: number", lambda number, apply=apply: apply(number, 0)),
            variant("n: number, scale: number", apply),
        )
        for name, apply in (("floor", floor), ("ceiling", ceiling))
    ),
    *(
        simple(name, "n: number, scale: number", _rounded(mode))
        for name, mode in (
            ("round up", ROUND_UP),
            ("round down", ROUND_DOWN),
            ("round half up", ROUND_HALF_UP),
            ("round half down", ROUND_HALF_DOWN),
        )
    ),
    simple("abs", "n: any", absolute),
    simple("modulo", "dividend: number, divisor: number", modulo),
    simple("sqrt", "number: number", square_root),
    simple("log", "number: number", _positive(EXACT.ln)),
    simple("exp", "number: number", exponential),
    simple("odd", "number: number", _parity(1)),
    simple("even", "number: number", _parity(0)),
)
