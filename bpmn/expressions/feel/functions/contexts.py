"""Context functions (DMN 1.5, 10.3.4.8), `not`, and those of Camunda 8 that ask about values."""

from __future__ import annotations

from typing import Any

from bpmn.expressions.api import EvaluationError
from bpmn.expressions.feel.functions.signature import function, simple, variant
from bpmn.expressions.feel.members import member_of
from bpmn.expressions.feel.operations import negation


def get_value(context: dict[str, Any], key: Any) -> Any:
    """The entry; with a list of keys the one at the end of that way (Camunda 8)."""
    value: Any = context
    for name in key if isinstance(key, list) else [key]:
        if not isinstance(name, str):
            return None
        value = member_of(value, name)
    return value


def get_entries(context: dict[str, Any]) -> list[Any]:
    return [{"key": key, "value": value} for key, value in context.items()]


def context_of(entries: list[Any]) -> Any:
    made: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, dict) or "value" not in entry or not isinstance(entry.get("key"), str):
            return None
        if entry["key"] in made:
            return None
        made[entry["key"]] = entry["value"]
    return made


def put(context: dict[str, Any], key: Any, value: Any) -> Any:
    """A context with the entry added or changed; with a list of keys, deep within it."""
    keys = key if isinstance(key, list) else [key]
    if not keys or not all(isinstance(each, str) for each in keys):
        return None
    made = dict(context)
    level = made
    for each in keys[:-1]:
        inner = level.get(each)
        if inner is not None and not isinstance(inner, dict):
            return None
        level[each] = dict(inner or {})
        level = level[each]
    level[keys[-1]] = value
    return made


def merge(contexts: list[Any]) -> Any:
    made: dict[str, Any] = {}
    for each in contexts:
        if not isinstance(each, dict):
            return None
        made.update(each)
    return made


def asserted(value: Any, condition: Any, message: str | None = None) -> Any:
    """Camunda 8: the value where the condition holds, else an incident."""
    if condition is True:
        return value
    raise EvaluationError(message or "Expected the condition of assert() to hold, but it does not.")


FUNCTIONS = (
    simple("not", "negand: any", negation),
    function(
        "get value",
        variant("m: context, key: string", get_value),
        variant("context: context, key: string", get_value),
        variant("context: context, keys: list", get_value),
    ),
    function("get entries", variant("m: context", get_entries), variant("context: context", get_entries)),
    simple("context", "entries: list", context_of),
    function(
        "context put",
        variant("context: context, key: string, value: any", put),
        variant("context: context, keys: list, value: any", put),
    ),
    function(
        "context merge",
        variant("contexts: list", merge),
        variant("context: context, more: context...", lambda *contexts: merge(list(contexts))),
    ),
    simple("is defined", "value: any", lambda value: value is not None),
    simple("get or else", "value: any, default: any", lambda value, default: default if value is None else value),
    simple("assert", "value: any, condition: any, cause: string?", asserted),
)
