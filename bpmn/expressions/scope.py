"""How names are found: what the text itself wrote, then `extra`, then the scope chain."""

from __future__ import annotations

from bpmn.expressions.api import Context, EvaluationError, Value


def read_variable(context: Context, name: str) -> Value:
    """The value of a variable as this evaluation sees it.

    Raises KeyError where there is none; exceptions of the lookup itself pass.
    """
    if context.assigned_local and name in context.assigned_local:
        return context.assigned_local[name]
    if context.assigned and name in context.assigned:
        return context.assigned[name]
    if context.extra and name in context.extra:
        return context.extra[name]
    return context.variables.get(name)


def visible_names(context: Context) -> list[str]:
    """All names this evaluation can read, sorted."""
    return sorted({*context.variables.names(), *context.extra, *context.assigned, *context.assigned_local})


def has_variable(context: Context, name: str) -> bool:
    return (
        name in context.assigned_local
        or name in context.assigned
        or name in context.extra
        or name in set(context.variables.names())
    )


def unknown_name(name: str) -> EvaluationError:
    return EvaluationError(f"Expected variable {name!r} to exist, but no scope has it and no handler is registered.")
