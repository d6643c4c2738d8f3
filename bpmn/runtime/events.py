"""Events: facts of one instance, in order. They carry what was decided, so that replaying needs no model.

`to_dict` is the form in which history keeps and the API shows them: `{type, elementId?, scopeId?, data?}`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from bpmn.runtime.state import InstanceStatus, Phase, ScopeKind, ScopeState, WaitKind

Value = Any


class InstanceStarted(NamedTuple):
    element: str
    """Id of the process."""
    start_element: str | None
    business_key: str | None
    initiator: str | None


class InstanceEnded(NamedTuple):
    status: InstanceStatus
    code: str | None = None
    """Error code of an uncaught error."""
    reason: str | None = None


class InstanceStatusChanged(NamedTuple):
    status: InstanceStatus


class ElementActivated(NamedTuple):
    token: int
    element: str
    scope: int
    flow: str | None = None
    """The flow it came over, for tokens that were in transit."""
    consumed: tuple[tuple[str, int], ...] = ()
    """Arrivals that a joining gateway took."""


class ElementCompleted(NamedTuple):
    token: int
    element: str
    scope: int


class ElementTerminated(NamedTuple):
    token: int
    element: str
    scope: int


class ListenerAdded(NamedTuple):
    """A scope listens for the start event of an event sub-process."""

    token: int
    element: str
    scope: int


class ListenerRemoved(NamedTuple):
    token: int
    element: str
    scope: int


class ListenerCalled(NamedTuple):
    """An execution or task listener ran in the step; with a `failure`, in vain, where nothing could wait for it."""

    token: int
    element: str
    scope: int
    event: str
    """What it listens to: `start`, `end`, `take`, `create` ..."""
    listener: str
    """Handler or expression."""
    failure: str | None = None


class UserTaskChanged(NamedTuple):
    """A listener has changed a user task, or keeps it busy (`status`)."""

    scope: int
    token: int
    id: int
    element: str
    changes: dict[str, Any]


class PhaseChanged(NamedTuple):
    token: int
    element: str
    scope: int
    phase: Phase


class SequenceFlowTaken(NamedTuple):
    flow: str
    scope: int
    parked: bool
    """It waits at a joining gateway."""


class TokensDropped(NamedTuple):
    """Tokens on flows and at joins of a scope are gone (a terminate end event)."""

    scope: int
    element: str


class ElementRemembered(NamedTuple):
    """What an element has to remember (`Scope.memory`) has changed; no ids: nothing any more."""

    scope: int
    element: str
    ids: tuple[str, ...]


class ScopeOpened(NamedTuple):
    id: int
    kind: ScopeKind
    element: str
    parent: int
    owner: int | None
    state: ScopeState = ScopeState.ACTIVE
    index: int | None = None  # type: ignore[assignment]
    total: int | None = None


class ScopeStateChanged(NamedTuple):
    scope: int
    element: str
    state: ScopeState


class ScopeClosed(NamedTuple):
    id: int
    element: str
    kind: ScopeKind
    parent: int
    completed: bool
    """False: terminated."""


class VariableSet(NamedTuple):
    scope: int
    name: str
    value: Value


class VariableRemoved(NamedTuple):
    scope: int
    name: str


class WaitAdded(NamedTuple):
    scope: int
    token: int
    kind: WaitKind
    id: int
    element: str
    data: dict[str, Any] | None = None


class WaitRemoved(NamedTuple):
    scope: int
    token: int
    kind: WaitKind
    id: int
    element: str
    completed: bool
    """What was waited for came; else the wait was cancelled."""
    data: dict[str, Any] | None = None


class JobFailed(NamedTuple):
    scope: int
    token: int
    id: int
    element: str
    message: str
    retries: int


class ErrorThrown(NamedTuple):
    scope: int
    element: str
    code: str
    message: str | None
    caught_by: str | None


class EscalationThrown(NamedTuple):
    scope: int
    element: str
    code: str
    caught_by: str | None


class SignalThrown(NamedTuple):
    scope: int
    element: str
    name: str


class CompensationRecorded(NamedTuple):
    """An activity is completed that can be compensated; `child` is its scope, which is kept."""

    scope: int
    element: str
    child: int | None = None


class CompensationThrown(NamedTuple):
    """All that is recorded in `target` (of one activity, if one is named) is to be compensated for the token."""

    token: int
    element: str
    scope: int
    target: int
    activity: str | None = None


class CompensationTriggered(NamedTuple):
    """The compensation of one completed activity begins; `token` is that of its handler, or stands for it."""

    token: int
    element: str
    scope: int
    thrower: tuple[int, int]
    child: int | None = None


class CompensationEnded(NamedTuple):
    """The token of a handler, or one that stood for a compensation, is done with it."""

    token: int
    element: str
    scope: int
    thrower: tuple[int, int] | None = None


class CompensationWithdrawn(NamedTuple):
    """Who has thrown the compensation has ended before all of it was triggered: others may throw the rest again."""

    token: int
    element: str
    scope: int


class DecisionEvaluated(NamedTuple):
    """A business rule task has evaluated a decision. Values are those of the process."""

    token: int
    element: str
    scope: int
    decision: int
    """Id of the version."""
    key: str
    version: int
    result: Value
    required: dict[str, Value]
    """Results of the decisions that it requires, by id."""
    tables: tuple[dict[str, Value], ...]
    """Per decision table: `decision`, `inputs`, `rules` (ids of those that fitted)."""


class MessageThrown(NamedTuple):
    scope: int
    element: str
    name: str


class CorrelationKeySet(NamedTuple):
    """A correlation key has these values in the scope; None: it has none any more (`bpmn.runtime.correlation`)."""

    scope: int
    element: str
    key: str
    values: tuple[Value, ...] | None


class CompensationsSetAside(NamedTuple):
    """The oldest `count` records of what can be compensated in a scope are kept in a scope of their own."""

    id: int
    scope: int
    element: str
    count: int  # type: ignore[assignment]  # hides what tuples call so, which nobody asks of an event


class CompensationsTakenBack(NamedTuple):
    """The records that were set aside last are with their scope again, to be compensated."""

    id: int
    scope: int
    element: str


class InstanceMigrated(NamedTuple):
    """The instance goes on in another definition; `element` is the id of its process."""

    element: str
    definition_id: int
    definition_key: str
    version: int


class ElementMigrated(NamedTuple):
    """The token of `element` is now one of `target`."""

    token: int
    element: str
    scope: int
    target: str


class ScopeMigrated(NamedTuple):
    """Ids in a scope have changed: of its own element, of flows with tokens, of activities that can be compensated, of
    what is remembered."""

    scope: int
    element: str
    target: str
    flows: tuple[tuple[str, str], ...] = ()
    compensations: tuple[tuple[str, str], ...] = ()
    memory: tuple[tuple[str, str], ...] = ()


class WaitMigrated(NamedTuple):
    scope: int
    token: int
    kind: WaitKind
    id: int
    element: str
    target: str


Event = (
    InstanceStarted
    | InstanceEnded
    | InstanceStatusChanged
    | ElementActivated
    | ElementCompleted
    | ElementTerminated
    | ListenerAdded
    | ListenerRemoved
    | ListenerCalled
    | UserTaskChanged
    | EscalationThrown
    | SignalThrown
    | PhaseChanged
    | SequenceFlowTaken
    | TokensDropped
    | ElementRemembered
    | ScopeOpened
    | ScopeStateChanged
    | ScopeClosed
    | VariableSet
    | VariableRemoved
    | WaitAdded
    | WaitRemoved
    | JobFailed
    | ErrorThrown
    | DecisionEvaluated
    | MessageThrown
    | CorrelationKeySet
    | CompensationRecorded
    | CompensationThrown
    | CompensationTriggered
    | CompensationEnded
    | CompensationWithdrawn
    | CompensationsSetAside
    | CompensationsTakenBack
    | InstanceMigrated
    | ElementMigrated
    | ScopeMigrated
    | WaitMigrated
)

_ADDED = {
    WaitKind.JOB: "JOB_CREATED",
    WaitKind.USER_TASK: "USER_TASK_CREATED",
    WaitKind.TIMER: "TIMER_SCHEDULED",
    WaitKind.MESSAGE: "MESSAGE_SUBSCRIBED",
    WaitKind.SIGNAL: "SIGNAL_SUBSCRIBED",
    WaitKind.CONDITION: "CONDITION_AWAITED",
    WaitKind.CALL: "CALL_STARTED",
    WaitKind.INCIDENT: "INCIDENT_RAISED",
}
_COMPLETED = {
    WaitKind.JOB: "JOB_COMPLETED",
    WaitKind.USER_TASK: "USER_TASK_COMPLETED",
    WaitKind.TIMER: "TIMER_FIRED",
    WaitKind.MESSAGE: "MESSAGE_RECEIVED",
    WaitKind.SIGNAL: "SIGNAL_RECEIVED",
    WaitKind.CONDITION: "CONDITION_FULFILLED",
    WaitKind.CALL: "CALL_COMPLETED",
    WaitKind.INCIDENT: "INCIDENT_RESOLVED",
}
_CANCELLED = {
    WaitKind.JOB: "JOB_CANCELLED",
    WaitKind.USER_TASK: "USER_TASK_CANCELLED",
    WaitKind.TIMER: "TIMER_CANCELLED",
    WaitKind.MESSAGE: "MESSAGE_UNSUBSCRIBED",
    WaitKind.SIGNAL: "SIGNAL_UNSUBSCRIBED",
    WaitKind.CONDITION: "CONDITION_CANCELLED",
    WaitKind.CALL: "CALL_CANCELLED",
    WaitKind.INCIDENT: "INCIDENT_CANCELLED",
}


def event_type(event: Event) -> str:
    """The name history gives the event: past tense, upper snake."""
    if isinstance(event, WaitAdded):
        return _ADDED[event.kind]
    if isinstance(event, WaitRemoved):
        return (_COMPLETED if event.completed else _CANCELLED)[event.kind]
    if isinstance(event, InstanceEnded):
        return "INSTANCE_" + event.status.value
    if isinstance(event, InstanceStatusChanged):
        return "INSTANCE_PAUSED" if event.status is InstanceStatus.PAUSED else "INSTANCE_RESUMED"
    return _NAMES[type(event)]


_NAMES: dict[type, str] = {
    InstanceStarted: "INSTANCE_STARTED",
    ElementActivated: "ELEMENT_ACTIVATED",
    ElementCompleted: "ELEMENT_COMPLETED",
    ElementTerminated: "ELEMENT_TERMINATED",
    ListenerAdded: "EVENT_SUB_PROCESS_ARMED",
    ListenerRemoved: "EVENT_SUB_PROCESS_DISARMED",
    ListenerCalled: "LISTENER_CALLED",
    UserTaskChanged: "USER_TASK_CHANGED",
    EscalationThrown: "ESCALATION_THROWN",
    SignalThrown: "SIGNAL_THROWN",
    PhaseChanged: "ELEMENT_PHASE_CHANGED",
    SequenceFlowTaken: "SEQUENCE_FLOW_TAKEN",
    TokensDropped: "TOKENS_DROPPED",
    ElementRemembered: "ELEMENT_REMEMBERED",
    ScopeOpened: "SCOPE_OPENED",
    ScopeStateChanged: "SCOPE_STATE_CHANGED",
    ScopeClosed: "SCOPE_CLOSED",
    VariableSet: "VARIABLE_SET",
    VariableRemoved: "VARIABLE_REMOVED",
    JobFailed: "JOB_FAILED",
    ErrorThrown: "ERROR_THROWN",
    DecisionEvaluated: "DECISION_EVALUATED",
    MessageThrown: "MESSAGE_THROWN",
    CorrelationKeySet: "CORRELATION_KEY_SET",
    CompensationRecorded: "COMPENSATION_RECORDED",
    CompensationThrown: "COMPENSATION_THROWN",
    CompensationTriggered: "COMPENSATION_TRIGGERED",
    CompensationEnded: "COMPENSATION_ENDED",
    CompensationWithdrawn: "COMPENSATION_WITHDRAWN",
    CompensationsSetAside: "COMPENSATIONS_SET_ASIDE",
    CompensationsTakenBack: "COMPENSATIONS_TAKEN_BACK",
    InstanceMigrated: "INSTANCE_MIGRATED",
    ElementMigrated: "ELEMENT_MIGRATED",
    ScopeMigrated: "SCOPE_MIGRATED",
    WaitMigrated: "WAIT_MIGRATED",
}


def to_dict(event: Event) -> dict[str, Any]:
    """History form: ids as decimal strings; `data` only where there is any."""
    match event:
        case ElementActivated(token, element, scope, flow, consumed):
            data: dict[str, Any] = {"tokenId": str(token)}
            if flow is not None:
                data["flowId"] = flow
            if consumed:
                data["consumed"] = [[f, n] for f, n in consumed]
            return {"type": "ELEMENT_ACTIVATED", "elementId": element, "scopeId": str(scope), "data": data}
        case (
            ElementCompleted(token, element, scope)
            | ElementTerminated(token, element, scope)
            | ListenerAdded(token, element, scope)
            | ListenerRemoved(token, element, scope)
        ):
            return {
                "type": _NAMES[type(event)],
                "elementId": element,
                "scopeId": str(scope),
                "data": {"tokenId": str(token)},
            }
        case SequenceFlowTaken(flow_id, scope, parked):
            result: dict[str, Any] = {"type": "SEQUENCE_FLOW_TAKEN", "elementId": flow_id, "scopeId": str(scope)}
            if parked:
                result["data"] = {"parked": True}
            return result
        case VariableSet(scope, name, value):
            return {"type": "VARIABLE_SET", "scopeId": str(scope), "data": {"name": name, "value": value}}
        case VariableRemoved(scope, name):
            return {"type": "VARIABLE_REMOVED", "scopeId": str(scope), "data": {"name": name}}
        case ListenerCalled(token, element, scope, what, listener, failure):
            return {
                "type": "LISTENER_CALLED" if failure is None else "LISTENER_FAILED",
                "elementId": element,
                "scopeId": str(scope),
                "data": _present(tokenId=str(token), event=what, listener=listener, message=failure),
            }
        case UserTaskChanged(scope, token, id, element, changes):
            return {
                "type": "USER_TASK_CHANGED",
                "elementId": element,
                "scopeId": str(scope),
                "data": {"tokenId": str(token), "id": str(id), **{name: _plain(v) for name, v in changes.items()}},
            }
        case WaitAdded(scope, token, kind, id, element, extra):
            return {
                "type": _ADDED[kind],
                "elementId": element.partition("$")[0],
                "scopeId": str(scope),
                "data": {"tokenId": str(token), "id": str(id), **(extra or {})},
            }
        case WaitRemoved(scope, token, kind, id, element, completed, extra):
            return {
                "type": (_COMPLETED if completed else _CANCELLED)[kind],
                "elementId": element.partition("$")[0],
                "scopeId": str(scope),
                "data": {"tokenId": str(token), "id": str(id), **(extra or {})},
            }
        case InstanceStarted(element, start_element, business_key, initiator):
            return {
                "type": "INSTANCE_STARTED",
                "elementId": element,
                "data": _present(startElementId=start_element, businessKey=business_key, initiator=initiator),
            }
        case InstanceEnded(_, code, reason):
            return {"type": event_type(event), "data": _present(errorCode=code, reason=reason)}
        case InstanceStatusChanged():
            return {"type": event_type(event)}
        case PhaseChanged(token, element, scope, phase):
            return {
                "type": "ELEMENT_PHASE_CHANGED",
                "elementId": element,
                "scopeId": str(scope),
                "data": {"tokenId": str(token), "phase": phase.value},
            }
        case ElementRemembered(scope, element, ids):
            return {
                "type": "ELEMENT_REMEMBERED",
                "elementId": element,
                "scopeId": str(scope),
                "data": {"ids": list(ids)},
            }
        case ScopeOpened(id, kind, element, parent, owner, state, index, total):
            return {
                "type": "SCOPE_OPENED",
                "elementId": element,
                "scopeId": str(id),
                "data": _present(
                    kind=kind.value,
                    parentId=str(parent),
                    ownerTokenId=None if owner is None else str(owner),
                    state=state.value,
                    index=index,
                    total=total,
                ),
            }
        case ScopeStateChanged(scope, element, state):
            return {
                "type": "SCOPE_STATE_CHANGED",
                "elementId": element,
                "scopeId": str(scope),
                "data": {"state": state.value},
            }
        case ScopeClosed(id, element, kind, parent, completed):
            return {
                "type": "SCOPE_CLOSED",
                "elementId": element,
                "scopeId": str(id),
                "data": {"kind": kind.value, "parentId": str(parent), "completed": completed},
            }
        case JobFailed(scope, token, id, element, message, retries):
            return {
                "type": "JOB_FAILED",
                "elementId": element,
                "scopeId": str(scope),
                "data": {"tokenId": str(token), "id": str(id), "message": message, "retries": retries},
            }
        case ErrorThrown(scope, element, code, message, caught_by):
            return {
                "type": "ERROR_THROWN",
                "elementId": element,
                "scopeId": str(scope),
                "data": _present(errorCode=code, message=message, caughtBy=caught_by),
            }
        case EscalationThrown(scope, element, code, caught_by):
            return {
                "type": "ESCALATION_THROWN",
                "elementId": element,
                "scopeId": str(scope),
                "data": _present(escalationCode=code, caughtBy=caught_by),
            }
        case SignalThrown(scope, element, name):
            return {"type": "SIGNAL_THROWN", "elementId": element, "scopeId": str(scope), "data": {"name": name}}
        case CompensationRecorded(scope, element, child):
            result = {"type": _NAMES[type(event)], "elementId": element, "scopeId": str(scope)}
            if child is not None:
                result["data"] = {"keptScopeId": str(child)}
            return result
        case CompensationThrown(token, element, scope, target, activity):
            return {
                "type": _NAMES[type(event)],
                "elementId": element,
                "scopeId": str(scope),
                "data": _present(tokenId=str(token), targetScopeId=str(target), activityId=activity),
            }
        case CompensationTriggered(token, element, scope, thrower, child):
            return {
                "type": _NAMES[type(event)],
                "elementId": element,
                "scopeId": str(scope),
                "data": _present(
                    tokenId=str(token),
                    throwerTokenId=str(thrower[1]),
                    keptScopeId=None if child is None else str(child),
                ),
            }
        case CompensationEnded(token, element, scope) | CompensationWithdrawn(token, element, scope):
            return {
                "type": _NAMES[type(event)],
                "elementId": element,
                "scopeId": str(scope),
                "data": {"tokenId": str(token)},
            }
        case CompensationsSetAside(id, scope, element) | CompensationsTakenBack(id, scope, element):
            return {
                "type": _NAMES[type(event)],
                "elementId": element,
                "scopeId": str(scope),
                "data": {"keptScopeId": str(id)},
            }
        case InstanceMigrated(element, definition_id, definition_key, version):
            return {
                "type": "INSTANCE_MIGRATED",
                "elementId": element,
                "data": {
                    "definitionId": str(definition_id),
                    "definitionKey": definition_key,
                    "version": version,
                },
            }
        case ElementMigrated(token, element, scope, target):
            return {
                "type": "ELEMENT_MIGRATED",
                "elementId": target,
                "scopeId": str(scope),
                "data": {"tokenId": str(token), "sourceElementId": element},
            }
        case ScopeMigrated(scope, element, target, renamed, compensations, memory):
            return {
                "type": "SCOPE_MIGRATED",
                "elementId": target,
                "scopeId": str(scope),
                "data": _present(
                    sourceElementId=element,
                    flows=dict(renamed) or None,
                    compensations=dict(compensations) or None,
                    memory=dict(memory) or None,
                ),
            }
        case WaitMigrated(scope, token, kind, id, element, target):
            return {
                "type": "WAIT_MIGRATED",
                "elementId": target,
                "scopeId": str(scope),
                "data": {"tokenId": str(token), "id": str(id), "kind": kind.value, "sourceElementId": element},
            }
        case TokensDropped(scope, element):
            return {"type": "TOKENS_DROPPED", "elementId": element, "scopeId": str(scope)}
        case CorrelationKeySet(scope, element, key, values):
            return {
                "type": "CORRELATION_KEY_SET",
                "elementId": element,
                "scopeId": str(scope),
                "data": {"key": key, "values": None if values is None else list(values)},
            }
        case DecisionEvaluated(token, element, scope, id, key, version, result, required, tables):
            return {
                "type": "DECISION_EVALUATED",
                "elementId": element,
                "scopeId": str(scope),
                "data": {
                    "tokenId": str(token),
                    "decisionId": str(id),
                    "decisionKey": key,
                    "version": version,
                    "result": result,
                    "decisions": required,
                    "tables": list(tables),
                },
            }
        case MessageThrown(scope, element, name):
            return {"type": "MESSAGE_THROWN", "elementId": element, "scopeId": str(scope), "data": {"name": name}}


def _plain(value: Value) -> Value:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return list(value) if isinstance(value, tuple) else value


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
