"""Failures name the expression they happened in."""

from __future__ import annotations

from bpmn.expressions.api import EvaluationError

_SHOWN = 200


class PlacedError(EvaluationError):
    """An EvaluationError that already names its expression."""


def in_expression(error: Exception, text: str) -> Exception:
    """The exception to raise instead: an EvaluationError gets the expression's text, RecursionError becomes one.

    Everything else (BpmnErrorRaised, the lookup's own signals) is returned as it is.
    """
    if isinstance(error, RecursionError):
        error = EvaluationError("Expected a shallower value or expression, but it is nested too deep.")
    if not isinstance(error, EvaluationError) or isinstance(error, PlacedError):
        return error
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
    return PlacedError(f"{error} (in {shown!r})")
