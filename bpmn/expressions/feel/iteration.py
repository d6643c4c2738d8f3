"""What `for`, `some` and `every` run over (DMN 1.5, 10.3.2.14 and 10.3.2.15)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bpmn.expressions.feel import temporal
from bpmn.expressions.feel.operations import EXACT, numeric
from bpmn.expressions.feel.scope import Scope
from bpmn.expressions.feel.types import is_number
from bpmn.expressions.feel.values import Range
from bpmn.expressions.limits import MAX_ITEMS, check_item_count


@dataclass(frozen=True, slots=True)
class Source:
    """`name in source`, or `name in source..end`."""

    name: str
    source: Callable[[Scope], Any]
    end: Callable[[Scope], Any] | None

    def items(self, scope: Scope) -> Iterable[Any] | None:
        """None where there is nothing to run over."""
        value = self.source(scope)
        if self.end is not None:
            return span(value, self.end(scope))
        if isinstance(value, Range):
            return range_items(value)
        if isinstance(value, list):
            return value
        return None if value is None else [value]


def combinations(sources: list[Source], scope: Scope) -> Iterator[dict[str, Any]] | None:
    """Every combination of the sources' items, the last one running fastest; later sources see earlier names.

    None where one of them has nothing to run over; that is known only when it is reached.
    """
    first = sources[0].items(scope)
    if first is None:
        return None
    if len(sources) == 1:
        name = sources[0].name
        return ({name: item} for item in first)
    found: list[dict[str, Any]] = [{sources[0].name: item} for item in first]
    for source in sources[1:]:
        wider: list[dict[str, Any]] = []
        for bound in found:
            items = source.items(scope.inner(bound))
            if items is None:
                return None
            for item in items:
                wider.append({**bound, source.name: item})
                if len(wider) % 1000 == 0:
                    scope.run.made(1000)
                    check_item_count(len(wider))
        found = wider
    return iter(found)


def span(first: Any, last: Any) -> Iterable[Any] | None:
    """From the first to the last, up or down: numbers by one, dates by a day. None for other kinds."""
    if isinstance(first, temporal.Date) and isinstance(last, temporal.Date):
        numbers = span(first.number, last.number)
        return None if numbers is None else [day for number in numbers if (day := temporal.date_of(number)) is not None]
    if not is_number(first) or not is_number(last):
        return None
    distance = numeric(EXACT.subtract, last, first)
    if distance is None or abs(distance) > MAX_ITEMS:
        check_item_count(MAX_ITEMS + 1)
        return None
    direction = 1 if first <= last else -1
    if first == int(first):
        first = int(first)
    return [first + direction * step for step in range(int(abs(distance)) + 1)]


def range_items(range_: Range) -> Iterable[Any] | None:
    """What lies in a range of whole numbers or dates, upwards; None for others, and for one that is turned round."""
    if range_.operator is not None:
        return None
    start, end = range_.start, range_.end
    if isinstance(start, temporal.Date) and isinstance(end, temporal.Date):
        numbers = range_items(Range(start.number, end.number, range_.start_included, range_.end_included))
        return None if numbers is None else [day for number in numbers if (day := temporal.date_of(number)) is not None]
    if not is_number(start) or not is_number(end) or start > end:
        return None
    items = list(span(start, end) or ())
    if items and not range_.start_included:
        items = items[1:]
    if items and not range_.end_included and items[-1] == end:
        items = items[:-1]
    return items
