"""Signals inside the runtime: what is missing (load it and run the step again) and what failed (an incident).

Both are exceptions only between a behavior and the engine; `handle` returns them as values.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NeedVariables:
    """Values of these variables: (scope, name)."""

    refs: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class NeedScopes:
    """These scopes with the names of their variables."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NeedChildren:
    """The child scopes of a scope with ids above `after`, in order of id, at most `limit`."""

    scope_id: int
    limit: int
    after: int = 0


@dataclass(frozen=True, slots=True)
class NeedPortion:
    """The scopes below the process with ids above `after`, at most `limit`, in order of id, with their chains."""

    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class NeedItems:
    """Input items `start` .. `start + count - 1` of a multi-instance body."""

    scope_id: int
    start: int
    count: int


@dataclass(frozen=True, slots=True)
class NeedOutputs:
    """All outputs of a multi-instance body."""

    scope_id: int


@dataclass(frozen=True, slots=True)
class NeedUserTask:
    """What the row of a user task says: `TASK_FIELDS`."""

    task_id: int


TASK_FIELDS = (
    "name", "assignee", "owner", "priority", "due_date", "follow_up_date", "candidate_users", "candidate_groups",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NeedCalled:
    """The root variables of a called instance that has ended, values included."""

    instance_id: int


@dataclass(frozen=True, slots=True)
class NeedDecision:
    """The version of a decision that a task means: `binding` and `version` as of a call activity."""

    key: str
    binding: str
    version: str | None


Need = (
    NeedVariables
    | NeedScopes
    | NeedChildren
    | NeedPortion
    | NeedItems
    | NeedOutputs
    | NeedCalled
    | NeedUserTask
    | NeedDecision
)


class Missing(Exception):
    """Carries a Need up to `handle`."""

    def __init__(self, need: Need) -> None:
        super().__init__(repr(need))
        self.need = need


class Rejected(Exception):
    """A command that cannot be carried out as it is; nothing is changed, and whoever asked is told why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Fail(Exception):
    """An expected failure at an element; becomes an incident of this kind."""

    def __init__(self, kind: str, message: str, *, error_code: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.error_code = error_code


class Thrown(Exception):
    """A BPMN error thrown while an element was entered or completed; the engine looks for its handler."""

    def __init__(self, code: str, message: str | None) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message
