"""Builder of correlation: the keys of a process, those of each message, and who is meant by what it throws."""

from __future__ import annotations

from bpmn.expressions.api import Compiled
from bpmn.model.base import Element
from bpmn.model.conversations import KeyInUse, keys_of, retrievals
from bpmn.model.definitions import Process
from bpmn.model.executable import runs
from bpmn.spec.context import BuildContext
from bpmn.spec.keys import CorrelationSpec, KeyUse


def name_keys(context: BuildContext, process: Process) -> CorrelationSpec | None:
    """Note the keys of the process in the context; returns those it computes of its own data, None without any."""
    context.keys = keys_of(context.model, process)
    spec = CorrelationSpec()
    for use in context.keys:
        paths = _bindings(context, process, use)
        if paths is not None:
            spec.bindings[use.key.id] = paths
    return spec if spec.bindings else None


def _bindings(context: BuildContext, process: Process, use: KeyInUse) -> tuple[Compiled, ...] | None:
    """None where the subscription does not bind every property of the key: a rule says so, and the key is learnt."""
    if use.subscription is None or not use.key.property_refs:
        return None
    bound = {binding.property_ref: binding.path for binding in use.subscription.bindings}
    paths = [bound.get(ref) for ref in use.key.property_refs]
    found = [context.expression(path, use.subscription) for path in paths if path is not None]
    return tuple(found) if len(found) == len(paths) else None


def key_uses(context: BuildContext, message_id: str, element: Element) -> tuple[KeyUse, ...]:
    """The keys that the message carries whole: each property of theirs has an expression for it."""
    uses: list[KeyUse] = []
    for use in context.keys:
        paths = retrievals(context.model, use.key, message_id) if use.concerns(message_id) else ()
        present = [path for path in paths if path is not None]
        if not present or len(present) < len(paths):
            continue
        uses.append(
            KeyUse(
                key=use.key.id,
                properties=use.key.property_refs,
                rule=tuple((path.language, path.text) for path in present),
                paths=tuple(context.expression(path, element) for path in present),
                from_context=_bound(use),
            )
        )
    return tuple(uses)


def receivers(context: BuildContext, message_id: str, element: Element) -> tuple[str, ...]:
    """Keys of the processes that message flows lead to from the element, where all of them run here; else nobody in
    particular: the message is for whoever waits for its name."""
    processes = context.message_flows.receivers(element.id, message_id)
    if processes is None or not all(runs(process, context.make_executable) for process in processes):
        return ()
    return tuple(process.id for process in processes)


def _bound(use: KeyInUse) -> bool:
    bound = set() if use.subscription is None else {b.property_ref for b in use.subscription.bindings if b.path}
    return bool(bound) and bound.issuperset(use.key.property_refs)
