"""The ordered list of rules, and `check`, which runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from bpmn.findings import Finding, Severity
from bpmn.model.definitions import Definitions
from bpmn.model.executable import runs
from bpmn.rules import (
    ad_hoc,
    boundary_events,
    boundary_hosts,
    compensation,
    correlation,
    correlation_keys,
    data_associations,
    data_references,
    default_flows,
    duplicate_ids,
    event_flows,
    event_gateways,
    event_positions,
    event_sub_processes,
    executable,
    gateway_directions,
    gateways,
    implementations,
    instantiation,
    joins,
    lanes,
    languages,
    link_events,
    message_flows,
    missing_defaults,
    missing_expressions,
    quantities,
    reachability,
    references,
    sequence_flows,
    soundness,
    standard_loops,
    start_events,
    transactions,
    unsupported,
)
from bpmn.rules.index import Index
from bpmn.rules.supported import RUNTIME, Supported

Rule = Callable[[Index], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    executable.check,
    duplicate_ids.check,
    sequence_flows.check,
    start_events.check,
    instantiation.check,
    event_flows.check,
    event_positions.check,
    boundary_events.check,
    boundary_hosts.check,
    gateways.check,
    gateway_directions.check,
    event_gateways.check,
    default_flows.check,
    missing_defaults.check,
    references.check,
    link_events.check,
    event_sub_processes.check,
    transactions.check,
    compensation.check,
    ad_hoc.check,
    standard_loops.check,
    quantities.check,
    missing_expressions.check,
    implementations.check,
    languages.check,
    correlation.check,
    correlation_keys.check,
    message_flows.check,
    lanes.check,
    data_references.check,
    unsupported.check,
    reachability.check,
    joins.check,
    soundness.check,
    data_associations.check,
)


def check(model: Definitions, *, make_executable: bool = False, supported: Supported = RUNTIME) -> tuple[Finding, ...]:
    """What the rules find, in their order. Errors in processes that are only stored are warnings (`relax`)."""
    index = Index(model, make_executable=make_executable, supported=supported)
    found = [finding for rule in RULES for finding in rule(index)]
    return relax(index, found)


def relax(index: Index, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, with errors about processes that do not run turned into warnings, so that they can be stored."""
    running: dict[str, bool] = {}
    for scope in index.scopes:
        executable_here = runs(scope.process, index.make_executable)
        for element in (scope.container, *scope.content.nodes, *scope.content.flows, *scope.content.data_objects):
            running[element.id] = running.get(element.id, False) or executable_here
    return tuple(
        replace(finding, severity=Severity.WARNING)
        if finding.severity is Severity.ERROR and not running.get(finding.element_id or "", True)
        else finding
        for finding in findings
    )
