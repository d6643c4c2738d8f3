"""The one interface of all expression languages: text is compiled once, evaluated often, never by bare `eval`/`exec`.

Values are JSON-like: None, bool, int, float, `decimal.Decimal`, str, `datetime.date/time/datetime/timedelta`, bytes,
list and dict with string keys. Languages must not return anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Value = Any


class CompileError(ValueError):
    """The text is not an expression of its language, or uses what bpmnd does not support.

    `code` becomes the code of the finding: `EXPRESSION_SYNTAX`, `EXPRESSION_UNSUPPORTED`, `LANGUAGE_UNSUPPORTED`.
    """

    def __init__(self, message: str, *, code: str = "EXPRESSION_SYNTAX", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


class EvaluationError(Exception):
    """Evaluation failed: unknown name, wrong type, limit exceeded. The message names the expression."""


class BpmnErrorRaised(Exception):
    """A handler or script threw a BPMN error on purpose; the engine looks for a handler of `code`."""

    def __init__(self, code: str, message: str = "", variables: Mapping[str, Value] | None = None) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message
        self.variables = dict(variables or {})


class Lookup(Protocol):
    """The variables an expression sees: its scope chain, nearest first."""

    def get(self, name: str) -> Value:
        """Value of the variable; KeyError where no scope of the chain has it.

        May raise the runtime's own control-flow signal when the value is not loaded yet; languages must let
        exceptions other than KeyError pass through unchanged.
        """

    def names(self) -> Iterable[str]:
        """All visible names, values loaded or not."""


@dataclass(frozen=True, slots=True)
class ExecutionInfo:
    """What `execution` (JUEL, JavaScript) tells about where an expression is evaluated. Ids are decimal strings."""

    instance_id: str
    definition_id: str
    definition_key: str
    version: int
    business_key: str | None
    element_id: str
    element_name: str | None
    tenant_id: str
    parent_instance_id: str | None = None
    event_name: str | None = None
    """In a listener: the event it is called for."""
    flow_id: str | None = None
    """In a listener of a sequence flow."""


class Handlers:
    """Pure Python functions and objects that expressions may call by name (`${bean.method(x)}`).

    Registered names are objects (their public methods and attributes are reachable) or plain functions. They run
    inside a step: they must be pure, quick (well under 100 ms) and return JSON-like values. What is not registered
    here, but called by a service task, becomes a job.
    """

    def __init__(self, objects: Mapping[str, Any] | None = None) -> None:
        self._objects: dict[str, Any] = dict(objects or {})

    def register(self, name: str, handler: Any) -> None:
        self._objects[name] = handler

    def get(self, name: str) -> Any:
        """The registered object; KeyError where there is none."""
        return self._objects[name]

    def __contains__(self, name: object) -> bool:
        return name in self._objects


NO_HANDLERS = Handlers()


@dataclass(slots=True)
class Context:
    """Everything one evaluation may touch; made anew for each.

    `extra` holds names that come before variables (`loopCounter`, `result`). What the text writes
    (`execution.setVariable`, assignments of a script) is collected in `assigned` (nearest scope that has the name,
    else the process) and `assigned_local` (`setVariableLocal`), and read back by later reads of the same evaluation.
    """

    variables: Lookup
    execution: ExecutionInfo
    now: datetime
    handlers: Handlers = NO_HANDLERS
    extra: Mapping[str, Value] = field(default_factory=dict)
    assigned: dict[str, Value] = field(default_factory=dict)
    assigned_local: dict[str, Value] = field(default_factory=dict)
    task: Mapping[str, Value] | None = None
    """In a task listener: the properties of the user task, by their Java bean names."""
    task_changes: dict[str, Value] = field(default_factory=dict)
    """Properties of the task that the text has set."""


class Compiled(Protocol):
    """A compiled expression or script."""

    @property
    def text(self) -> str: ...

    @property
    def language(self) -> str: ...

    @property
    def reads(self) -> frozenset[str] | None:
        """Names of variables it may read; None where that cannot be known (`*`)."""

    def evaluate(self, context: Context) -> Value:
        """The value; writes go to `context.assigned`.

        Raises EvaluationError (with the text of the expression) or BpmnErrorRaised; passes the lookup's own
        exceptions through.
        """


@dataclass(frozen=True, slots=True)
class HandlerCall:
    """An expression that is exactly one call `${bean.method(args)}` or `${bean}`: what a job can do instead."""

    handler: str
    method: str | None
    arguments: tuple[Compiled, ...]


Compiler = Callable[[str], Compiled]
