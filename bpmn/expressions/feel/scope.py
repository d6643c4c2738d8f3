"""Where names are found while FEEL is evaluated, and what one evaluation may cost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from bpmn.expressions.api import EvaluationError
from bpmn.expressions.feel.values import inward
from bpmn.expressions.limits import CPU_SECONDS, check_item_count

MAX_STEPS = 3_000_000
MAX_CALLS = 60
"""Invocations within each other: recursion of a function that its model defines."""
_CLOCK_EVERY = 2_000


class Outer(Protocol):
    """Names from outside of the expression: variables of the process, inputs and results of a decision."""

    def get(self, name: str) -> Any:
        """The value, not yet converted; KeyError where there is none. Other exceptions pass through."""


class Run:
    """One evaluation: its time and its cost. A decision and all that it requires share one."""

    __slots__ = ("_clock_at", "_converted", "_seconds", "_started", "_steps", "calls", "now")

    def __init__(self, now: datetime, *, seconds: float = CPU_SECONDS) -> None:
        self.now = now
        self.calls = 0
        self._seconds = seconds
        self._steps = MAX_STEPS
        self._clock_at = MAX_STEPS - _CLOCK_EVERY
        self._started = time.thread_time()
        self._converted: dict[int, tuple[Any, Any]] = {}

    def converted(self, value: Any) -> Any:
        """A value from outside as one of FEEL; lists and contexts are looked through once."""
        if type(value) is not list and type(value) is not dict:
            return inward(value)
        known = self._converted.get(id(value))
        if known is None:
            known = self._converted[id(value)] = (value, inward(value))
        return known[1]

    def tick(self, weight: int = 1) -> None:
        """Charge steps, about one per item touched. Raises EvaluationError when steps or CPU time are used up."""
        self._steps -= weight
        if self._steps < self._clock_at:
            self._clock_at = self._steps - _CLOCK_EVERY
            if self._steps < 0:
                raise EvaluationError(f"Expected FEEL of at most {MAX_STEPS} steps, but it needs more.")
            if time.thread_time() - self._started > self._seconds:
                raise EvaluationError(f"Expected FEEL of at most {self._seconds} s CPU time, but it needs more.")

    def made(self, count: int) -> None:
        """Charge a list that is made; refuse one above the limit."""
        check_item_count(count)
        self.tick(count)

    def enter(self) -> None:
        self.calls += 1
        self.tick(20)
        if self.calls > MAX_CALLS:
            raise EvaluationError(f"Expected functions to call at most {MAX_CALLS} deep, but they go deeper.")

    def leave(self) -> None:
        self.calls -= 1


class Scope:
    """Names bound within an expression, and the scope around it."""

    __slots__ = ("outer", "parent", "run", "values")

    def __init__(
        self, run: Run, values: Mapping[str, Any], parent: Scope | None = None, outer: Outer | None = None
    ) -> None:
        self.run = run
        self.values = values
        self.parent = parent
        self.outer = outer

    def inner(self, values: Mapping[str, Any]) -> Scope:
        return Scope(self.run, values, self)

    def find(self, name: str) -> tuple[Any, bool] | None:
        """The value, and whether it is still as it was outside; None where no scope has the name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name], False
            if scope.outer is not None:
                try:
                    return scope.outer.get(name), True
                except KeyError:
                    pass
            scope = scope.parent
        return None

    def get(self, name: str) -> Any:
        """The value as one of FEEL. KeyError where no scope has the name."""
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return self.run.converted(found[0]) if found[1] else found[0]
