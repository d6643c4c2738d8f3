"""MESSAGE_FLOW_..., PARTICIPANT_PROCESS_MISSING: messages go from pool to pool (BPMN 2.0.2, 7.6.2 and 9.4).

WARNINGs: message flows tell who speaks with whom; what is sent and received is said by the events and tasks.
"""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.conversations import messages_of, receives
from bpmn.model.definitions import Collaboration, MessageFlow
from bpmn.model.gateways import Gateway
from bpmn.rules.index import Index, warning


def check(index: Index) -> Iterator[Finding]:
    processes = {process.id for process in index.model.processes}
    for collaboration in index.model.collaborations:
        for participant in collaboration.participants:
            if participant.process_ref is not None and participant.process_ref not in processes:
                yield warning(
                    "PARTICIPANT_PROCESS_MISSING",
                    participant,
                    f"Expected process '{participant.process_ref}' of participant '{participant.id}' in the document,"
                    " but there is none.",
                    "Add the process, or remove processRef where the pool is a black box.",
                )
        if collaboration.message_flows:
            pools = _pools(index, collaboration)
            for flow in collaboration.message_flows:
                yield from _flow(index, flow, pools)


def _pools(index: Index, collaboration: Collaboration) -> dict[str, str]:
    """Pool (its process, else the participant itself) by the id of a participant, process or node."""
    pools = {participant.id: participant.process_ref or participant.id for participant in collaboration.participants}
    for scope in index.scopes:
        pools.setdefault(scope.process.id, scope.process.id)
        for node_id in scope.nodes:
            pools.setdefault(node_id, scope.process.id)
    return pools


def _flow(index: Index, flow: MessageFlow, pools: dict[str, str]) -> Iterator[Finding]:
    for end, ref in (("source", flow.source), ("target", flow.target)):
        scope = index.scope_of.get(ref or "")
        if ref not in pools:
            found = "it has none" if ref is None else f"there is no '{ref}'"
            yield warning(
                "MESSAGE_FLOW_END",
                flow,
                f"Expected the {end} of message flow '{flow.id}' to be a pool, activity or event, but {found}.",
                "Connect the flow at both ends, or delete it.",
            )
        elif scope is not None and isinstance(scope.nodes[ref], Gateway):
            yield warning(
                "MESSAGE_FLOW_END",
                flow,
                f"Expected the {end} of message flow '{flow.id}' to be a pool, activity or event, but '{ref}' is a"
                " gateway.",
                "Let the flow begin at what sends and end at what receives.",
            )
    source, target = pools.get(flow.source or ""), pools.get(flow.target or "")
    yield from _messages(index, flow)
    if source is not None and source == target:
        yield warning(
            "MESSAGE_FLOW_WITHIN_POOL",
            flow,
            f"Expected message flow '{flow.id}' to connect two pools, but '{flow.source}' and '{flow.target}' are in"
            " the same.",
            "Use a sequence flow inside a pool, or signals between its parts.",
        )


def _messages(index: Index, flow: MessageFlow) -> Iterator[Finding]:
    """What is sent must be what is awaited: messages are found by their names."""
    source, target = index.scope_of.get(flow.source or ""), index.scope_of.get(flow.target or "")
    if source is None or target is None:
        return
    sent, awaited = source.nodes[flow.source or ""], target.nodes[flow.target or ""]
    if receives(sent) or not receives(awaited):
        return
    names = [{_name(index, ref) for ref in messages_of(index.model, node)} - {None} for node in (sent, awaited)]
    if names[0] and names[1] and names[0].isdisjoint(names[1]):
        yield warning(
            "MESSAGE_FLOW_MISMATCH",
            flow,
            f"Expected message flow '{flow.id}' to lead to what waits for the message that '{flow.source}' sends, but"
            f" {_quoted(names[0])} is sent and '{flow.target}' waits for {_quoted(names[1])}.",
            "Let both ends refer to the same message.",
        )


def _name(index: Index, message_ref: str) -> str | None:
    message = index.messages.get(message_ref)
    return None if message is None else message.name or message.id


def _quoted(names: set[str | None]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(filter(None, names)))
