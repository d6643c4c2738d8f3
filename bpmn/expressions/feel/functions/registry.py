"""All built-in functions by name."""

from __future__ import annotations

from bpmn.expressions.feel.functions import contexts, conversion, lists, numbers, ranges, strings, temporals
from bpmn.expressions.feel.names import Names
from bpmn.expressions.feel.values import Function

FUNCTIONS: dict[str, Function] = {
    each.name: each
    for module in (conversion, strings, numbers, lists, contexts, temporals, ranges)
    for each in module.FUNCTIONS
}
NAMES = Names(name for name in FUNCTIONS if name not in ("and", "or", "not"))
"""`not` is read as a function where it stands; `and(...)` and `or(...)` are those of DMN 1.1's `all` and `any`."""
