"""List functions (DMN 1.5, 10.3.4.4), sorting (10.3.4.10) and the logical ones over lists."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from bpmn.expressions.feel import temporal
from bpmn.expressions.feel.functions.signature import function, simple, variant
from bpmn.expressions.feel.invocation import invoke
from bpmn.expressions.feel.operations import EXACT, arithmetic, equal, numeric, order
from bpmn.expressions.feel.scope import Run
from bpmn.expressions.feel.types import is_number
from bpmn.expressions.feel.values import Function, Range, Variant
from bpmn.expressions.limits import MAX_DEPTH, check_item_count


def one_or_many(implementation: Callable[[list[Any]], Any]) -> tuple[Variant, ...]:
    """`max([1, 2])` and `max(1, 2)`."""
    return (
        variant("list: list", implementation),
        variant("list: any, item: any, items: any...", lambda *items: implementation(list(items))),
    )


def _position(number: Any, size: int) -> int | None:
    """From FEEL's position to Python's; None where there is no such place."""
    position = int(number)
    index = position - 1 if position > 0 else size + position
    return index if position != 0 and 0 <= index < size else None


def least(items: list[Any]) -> Any:
    return _extreme(items, -1)


def greatest(items: list[Any]) -> Any:
    return _extreme(items, 1)


def _extreme(items: list[Any], sign: int) -> Any:
    if not items or order(items[0], items[0]) is None:
        return None
    best = items[0]
    for item in items[1:]:
        found = order(item, best)
        if found is None:
            return None
        if found == sign:
            best = item
    return best


def total(items: list[Any]) -> Any:
    if not items:
        return None
    result = items[0] if is_number(items[0]) or isinstance(items[0], temporal.Months | temporal.Nanos) else None
    for item in items[1:]:
        if result is None:
            return None
        result = arithmetic("+", result, item) if type(item) is type(result) or is_number(item) else None
    return result


def product(items: list[Any]) -> Any:
    result: Any = Decimal(1) if items else None
    for item in items:
        if result is None or not is_number(item):
            return None
        result = numeric(EXACT.multiply, result, item)
    return result


def mean(items: list[Any]) -> Any:
    whole = total(items)
    return None if whole is None else arithmetic("/", whole, len(items))


def median(items: list[Any]) -> Any:
    if not items or not all(is_number(item) for item in items):
        return None
    ordered, middle = sorted(items), len(items) // 2
    if len(items) % 2:
        return ordered[middle]
    return arithmetic("/", arithmetic("+", ordered[middle - 1], ordered[middle]), 2)


def deviation(items: list[Any]) -> Any:
    """The standard deviation of a sample."""
    if len(items) < 2 or not all(is_number(item) for item in items):
        return None
    middle = mean(items)
    squares: Any = Decimal(0)
    for item in items:
        distance = arithmetic("-", item, middle)
        square = None if distance is None else arithmetic("*", distance, distance)
        squares = arithmetic("+", squares, square)
    variance = arithmetic("/", squares, len(items) - 1)
    return None if variance is None else numeric(EXACT.sqrt, variance)


def mode(items: list[Any]) -> Any:
    if not all(is_number(item) for item in items):
        return None
    counts: dict[Any, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(item for item, count in counts.items() if count == most)


def every(items: list[Any]) -> bool | None:
    if any(item is False for item in items):
        return False
    return True if all(item is True for item in items) else None


def some(items: list[Any]) -> bool | None:
    if any(item is True for item in items):
        return True
    return False if all(item is False for item in items) else None


def key_of(value: Any, depth: int = 0) -> Any:
    """Something hashable that is the same for values that are equal in FEEL."""
    if is_number(value):
        return ("number", value)
    if isinstance(value, list) and depth < MAX_DEPTH:
        return ("list", tuple(key_of(item, depth + 1) for item in value))
    if isinstance(value, dict) and depth < MAX_DEPTH:
        return ("context", frozenset((key, key_of(item, depth + 1)) for key, item in value.items()))
    if isinstance(value, Range):
        ends = key_of(value.start, depth + 1), key_of(value.end, depth + 1)
        return ("range", *ends, value.start_included, value.end_included, value.operator)
    if isinstance(value, temporal.DateTime):
        return ("date and time", value.instant // temporal.NANOS, value.offset is None)
    if isinstance(value, temporal.Time):
        offset = temporal.time_offset(value)
        return ("time", (value.nanos // temporal.NANOS - (offset or 0)) % 86_400, offset is None)
    if isinstance(value, Function | list | dict):
        return ("identity", id(value))
    return (type(value).__name__, value)


def contains(items: list[Any], element: Any) -> bool:
    return any(equal(item, element) is True for item in items)


def positions(items: list[Any], match: Any) -> list[Any]:
    return [at + 1 for at, item in enumerate(items) if equal(item, match) is True]


def distinct(items: list[Any]) -> list[Any]:
    seen = set()
    kept = []
    for item in items:
        key = key_of(item)
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return kept


def duplicates(items: list[Any]) -> list[Any]:
    counts: dict[Any, int] = {}
    for item in items:
        key = key_of(item)
        counts[key] = counts.get(key, 0) + 1
    return distinct([item for item in items if counts[key_of(item)] > 1])


def _joined(lists: tuple[Any, ...]) -> list[Any] | None:
    joined: list[Any] = []
    for each in lists:
        if each is None:
            return None
        joined.extend(each if isinstance(each, list) else [each])
        check_item_count(len(joined))
    return joined


def concatenate(*lists: Any) -> Any:
    return _joined(lists)


def union(*lists: Any) -> Any:
    joined = _joined(lists)
    return None if joined is None else distinct(joined)


def sublist(items: list[Any], start: Any, length: Any = None) -> Any:
    at = _position(start, len(items))
    if at is None or (length is not None and (length < 1 or at + int(length) > len(items))):
        return None
    return items[at:] if length is None else items[at : at + int(length)]


def insert_before(items: list[Any], position: Any, item: Any) -> Any:
    at = _position(position, len(items))
    return None if at is None else [*items[:at], item, *items[at:]]


def remove(items: list[Any], position: Any) -> Any:
    at = _position(position, len(items))
    return None if at is None else [*items[:at], *items[at + 1 :]]


def replace(run: Run, items: list[Any], where: Any, item: Any) -> Any:
    """At a position, or where a function of the item and the new one says so."""
    if is_number(where):
        at = _position(where, len(items))
        return None if at is None else [*items[:at], item, *items[at + 1 :]]
    if not isinstance(where, Function) or len(where.parameters) != 2:
        return None
    replaced = []
    for each in items:
        matches = invoke(where, [each, item], run)
        if not isinstance(matches, bool):
            return None
        replaced.append(item if matches else each)
    return replaced


def flatten(items: list[Any]) -> list[Any]:
    flat: list[Any] = []
    pending = [iter(items)]
    while pending:
        for item in pending[-1]:
            if isinstance(item, list):
                pending.append(iter(item))
                break
            flat.append(item)
            check_item_count(len(flat))
        else:
            pending.pop()
    return flat


def ordered(run: Run, items: list[Any], precedes: Any = None) -> Any:
    """Stable; without a function what can be compared is sorted upwards."""
    if precedes is None:
        if any(order(item, items[0]) is None for item in items):
            return None
        return sorted(items, key=cmp_to_key(lambda first, second: order(first, second) or 0))
    if len(precedes.parameters) != 2 and not precedes.variants:
        return None
    failed = False

    def comparison(first: Any, second: Any) -> int:
        nonlocal failed
        before = invoke(precedes, [first, second], run)
        if before is True:
            return -1
        failed = failed or before is None
        return 1 if invoke(precedes, [second, first], run) is True else 0

    result = sorted(items, key=cmp_to_key(comparison))
    return None if failed else result


def partition(items: list[Any], size: Any) -> Any:
    width = int(size)
    return None if width < 1 else [items[at : at + width] for at in range(0, len(items), width)]


FUNCTIONS = (
    simple("list contains", "list: list, element: any", contains),
    function("count", *one_or_many(len)),
    function("min", *one_or_many(least)),
    function("max", *one_or_many(greatest)),
    function("sum", *one_or_many(total)),
    function("product", *one_or_many(product)),
    function("mean", *one_or_many(mean)),
    function("median", *one_or_many(median)),
    function("stddev", *one_or_many(deviation)),
    function("mode", *one_or_many(mode)),
    function("all", *one_or_many(every)),
    function("and", *one_or_many(every)),
    function("any", *one_or_many(some)),
    function("or", *one_or_many(some)),
    simple("sublist", "list: list, start position: number, length: number?", sublist),
    simple("append", "list: list, item: any, items: any...", lambda items, *more: [*items, *more]),
    simple("concatenate", "list: any...", concatenate),
    simple("union", "list: any...", union),
    simple("insert before", "list: list, position: number, newItem: any", insert_before),
    simple("remove", "list: list, position: number", remove),
    simple("reverse", "list: list", lambda items: items[::-1]),
    simple("index of", "list: list, match: any", positions),
    simple("distinct values", "list: list", distinct),
    simple("duplicate values", "list: list", duplicates),
    simple("flatten", "list: list", flatten),
    function(
        "list replace",
        variant("list: list, position: any, newItem: any", replace, with_run=True),
        variant("list: list, match: any, newItem: any", replace, with_run=True),
    ),
    simple("sort", "list: list, precedes: function?", ordered, with_run=True),
    simple("partition", "list: list, size: number", partition),
    simple("is empty", "list: list", lambda items: not items),
)
