"""GATEWAY_DIRECTION: what gatewayDirection says, beside the flows that are there (BPMN 2.0.2, 10.6.1)."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.gateways import Gateway
from bpmn.rules.index import Index, info


def check(index: Index) -> Iterator[Finding]:
    for scope, gateway in index.nodes():
        if not isinstance(gateway, Gateway):
            continue
        ins, outs = len(scope.incoming.get(gateway.id, ())), len(scope.outgoing.get(gateway.id, ()))
        wrong = (gateway.direction == "Converging" and outs > 1) or (gateway.direction == "Diverging" and ins > 1)
        if wrong:
            yield info(
                "GATEWAY_DIRECTION",
                gateway,
                f"Expected gateway '{gateway.id}' to be {gateway.direction.lower()}, as its gatewayDirection says, but"
                f" it has {ins} incoming and {outs} outgoing flows; the flows count.",
                'Correct gatewayDirection ("Mixed"), or delete the flow that is too much.',
            )
