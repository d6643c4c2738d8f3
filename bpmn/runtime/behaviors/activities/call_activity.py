"""Call activity: an instance of another process; its end completes the node (BPMN 2.0.2, 13.3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpmn.runtime import effects as fx
from bpmn.runtime.lookup import ChainLookup, MappingLookup, visible
from bpmn.runtime.needs import Fail, Missing, NeedCalled, NeedVariables
from bpmn.runtime.state import UNLOADED, ParentLink, WaitKind
from bpmn.runtime.work import Work
from bpmn.spec.elements import CallSpec
from bpmn.spec.graph import Node

Value = Any


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    spec: CallSpec = node.spec
    scope = work.life_scope(scope_id, token_id)
    process = work.text(spec.process, scope, node, "called element")
    if not process:
        raise Fail(
            "EXPRESSION_ERROR", f"Expected the called element of '{node.id}' to be a process key, but it is empty"
        )
    called_id = work.ids()
    effect = fx.StartCalled(
        instance_id=called_id,
        process_key=process,
        binding=spec.binding,
        version=work.text(spec.version, scope, node, "version"),
        business_key=work.text(spec.business_key, scope, node, "business key"),
        variables=_inputs(work, scope, node, spec),
        parent=ParentLink(work.instance_id, scope_id, token_id, node.id),
        element_id=node.id,
    )
    data = {"processKey": process, "instanceId": str(called_id)}
    work.add_wait(scope_id, token_id, WaitKind.CALL, called_id, node.id, data)
    work.effect(effect)


def outputs(work: Work, node: Node, called_id: int) -> dict[str, Value]:
    """What the called instance gives back: its root variables through the `out` mappings."""
    spec: CallSpec = node.spec
    result: dict[str, Value] = {}
    if not spec.outs:
        return result
    called = work.draft.base.called.get(called_id)
    if called is None:
        raise Missing(NeedCalled(called_id))
    lookup = MappingLookup(called)
    for mapping in spec.outs:
        if mapping.all_variables:
            result.update(called)
        elif mapping.target is not None:
            result[mapping.target] = _source(work, work.instance_id, node, mapping.source, called, lookup)
    return result


def _inputs(work: Work, scope: int, node: Node, spec: CallSpec) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for mapping in spec.ins:
        if mapping.all_variables and mapping.local:
            values.update(_local(work, scope))
        elif mapping.all_variables:
            values.update(visible(work.draft, scope))
        elif mapping.target is not None:
            values[mapping.target] = _source(work, scope, node, mapping.source, None, None)
    return values


def _source(
    work: Work, scope: int, node: Node, source: Any, called: Mapping[str, Value] | None, lookup: MappingLookup | None
) -> Value:
    """A plain variable that does not exist maps to null, as in Camunda 7; other expressions must evaluate."""
    if source is None:
        return None
    name = _plain_variable(source)
    if name is not None:
        known = called if called is not None else ChainLookup(work.draft, scope).names()
        if name not in known:
            return None
    return work.evaluate(source, scope, node, lookup=lookup)


def _plain_variable(source: Any) -> str | None:
    """`name` of an expression `${name}` that only reads this one variable."""
    text = source.text.strip()
    reads = source.reads
    if reads is not None and len(reads) == 1:
        (name,) = reads
        if text in (name, "${" + name + "}", "#{" + name + "}"):
            return str(name)
    return None


def _local(work: Work, scope: int) -> dict[str, Value]:
    values = dict(work.draft.names(scope))
    missing = tuple((scope, name) for name, value in values.items() if value is UNLOADED)
    if missing:
        raise Missing(NeedVariables(missing))
    return values
