"""What would come of a migration: every scope is looked at, one finding is made for each element and problem.

Findings add up by element, so that a survey of many scopes is as small as the model, and can go on in another step.
"""

from __future__ import annotations

from collections.abc import Iterable

from bpmn.findings import Finding, Severity, has_errors
from bpmn.runtime.migration_places import Places
from bpmn.runtime.state import Phase, Scope, Token, WaitKind

LISTED_TOKENS = 10
_WORK = frozenset({WaitKind.JOB, WaitKind.USER_TASK, WaitKind.CALL})


class Survey:
    """`earlier` are the findings of scopes that were looked at in earlier steps (of `findings`)."""

    def __init__(self, places: Places, earlier: Iterable[Finding] = ()) -> None:
        self.places = places
        self._unplaced: dict[str, list[int]] = {}
        self._found: dict[tuple[str, str | None], Finding] = {
            (finding.code, finding.element_id): finding for finding in earlier if finding not in places.plan.findings
        }

    def findings(self) -> tuple[Finding, ...]:
        """Those of the plan, then what stands in the way, then (if nothing does) what will be done besides."""
        unplaced = {
            ("ELEMENT_NOT_MAPPED", element): Finding(
                severity=Severity.ERROR,
                code="ELEMENT_NOT_MAPPED",
                element_id=element,
                message=f"Expected a place in the new version for '{element}', which is active (tokens "
                f"{', '.join(map(str, ids[:LISTED_TOKENS]))}{' ...' if len(ids) > LISTED_TOKENS else ''}), "
                "but there is none",
                hint="Map it to an element of the same kind, or cancel it there with a modification first.",
            )
            for element, ids in self._unplaced.items()
        }
        found = (unplaced | self._found).values()
        errors = [finding for finding in found if finding.severity is Severity.ERROR]
        told = [] if errors else list(found)
        return (*self.places.plan.findings, *errors, *told)

    def allows(self) -> bool:
        return not has_errors(self.findings())

    def look(self, scope: Scope) -> None:
        """Take a scope of the source into account."""
        for token in scope.tokens.values():
            if token.phase is Phase.LISTENING:
                self._look_at_listener(token)
            else:
                self._look_at_token(scope, token)
        for flow_id in {**scope.transit, **scope.arrivals}:
            self._look_at_flow(scope, flow_id)
        for element, ids in scope.memory.items():
            for known in (element, *ids):
                self._look_at_memory(scope, known)
        claimed = (claim.activity for claim in scope.claims if claim.activity is not None)
        for element in dict.fromkeys((*(entry.element for entry in scope.compensations), *claimed)):
            self._look_at_compensation(scope, element)
        for start in self.places.new_starts(scope):
            self._armed(start.id)

    def _look_at_listener(self, token: Token) -> None:
        if self.places.node(token.element) is None:
            self._disarmed(token.element)

    def _look_at_token(self, scope: Scope, token: Token) -> None:
        places = self.places
        for wait in token.waits:
            if wait.element in places.source.flows:  # an incident of a complex gateway
                self._look_at_flow(scope, wait.element)
        target = places.node(token.element)
        if target is None:
            self._unplaced.setdefault(token.element, []).append(token.id)
            return
        source = places.source.nodes[token.element]
        if type(source.spec) is not type(target.spec) and any(wait.kind in _WORK for wait in token.waits):
            self._error(
                "IMPLEMENTATION_DIFFERS",
                token.element,
                f"Expected '{target.id}' to be done in the way '{token.element}' is, whose work has begun, but it is "
                "not",
                "Wait until it is done, or start it again with a modification.",
            )
        for wait in token.waits:
            if (
                wait.kind is not WaitKind.INCIDENT
                and wait.element not in places.source.flows
                and places.goes_on(wait, target) is None
            ):
                self._disarmed(wait.element)
        for event in places.new_events(scope, token, target):
            self._armed(event.id)

    def _look_at_flow(self, scope: Scope, flow_id: str) -> None:
        flow = self.places.flow(flow_id)
        if flow is None or flow.parks is not self.places.source.flows[flow_id].parks:
            self._error(
                "FLOW_NOT_MAPPED",
                flow_id,
                f"Expected a flow of the new version for the tokens on '{flow_id}' in scope {scope.id}, but there is "
                "none",
                "Map the flow to one that leads to the same element.",
            )

    def _look_at_memory(self, scope: Scope, known: str) -> None:
        if known in self.places.source.flows:
            self._look_at_flow(scope, known)
        elif self.places.node(known) is None:
            self._error(
                "ELEMENT_NOT_MAPPED",
                known,
                f"Expected a place in the new version for '{known}', which is yet to start or be reset (scope "
                f"{scope.id}), but there is none",
                "Map it to an element of the same kind.",
            )

    def _look_at_compensation(self, scope: Scope, element: str) -> None:
        node = self.places.node(element)
        if node is None or not node.compensable:
            self._error(
                "COMPENSATION_NOT_MAPPED",
                element,
                f"Expected '{element}', which is completed and can be compensated (scope {scope.id}), to be so in the "
                "new version, but it cannot",
                "Map it to an activity that can be compensated.",
            )

    def _error(self, code: str, element: str, message: str, hint: str) -> None:
        self._add(Severity.ERROR, code, element, message, hint)

    def _armed(self, element: str) -> None:
        self._tell("EVENT_ARMED", element, f"'{element}' is new and waited for from now on")

    def _disarmed(self, element: str) -> None:
        self._tell("EVENT_DISARMED", element, f"'{element}' is not waited for any more")

    def _tell(self, code: str, element: str, message: str) -> None:
        self._add(Severity.INFO, code, element, message, "Nothing is to be done.")

    def _add(self, severity: Severity, code: str, element: str, message: str, hint: str) -> None:
        if (code, element) not in self._found:
            self._found[code, element] = Finding(
                severity=severity, code=code, message=message, hint=hint, element_id=element
            )
