"""Processes for the soundness rules, written as flows between nodes whose names tell their kind."""

from __future__ import annotations

from bpmn.rules.index import Index
from bpmn.xml import read
from tests.bpmn.documents import document

TAGS = {
    "s": "startEvent",
    "e": "endEvent",
    "k": "endEvent",
    "t": "task",
    "u": "userTask",
    "x": "exclusiveGateway",
    "p": "parallelGateway",
    "o": "inclusiveGateway",
    "c": "complexGateway",
    "v": "eventBasedGateway",
    "m": "intermediateCatchEvent",
    "b": "boundaryEvent",
}
"""First letter of a node's id -> what it is; `k` ends everything, `b1u2` is the boundary event 1 of `u2`, `n1u2` one
that does not interrupt."""


def body(text: str) -> str:
    """Chains `a b c` of nodes, separated by commas or lines; flows are named `a-b`, those out of `o` have conditions,
    `a?b` gives one to another."""
    nodes: dict[str, str] = {}
    flows: list[str] = []
    for chain in text.replace("\n", ",").split(","):
        words = chain.replace("?", " ? ").split()
        conditional = False
        before: str | None = None
        for word in words:
            if word == "?":
                conditional = True
                continue
            nodes.setdefault(word, _node(word))
            if before is not None:
                inside = "<conditionExpression>${x}</conditionExpression>" if conditional or before[0] == "o" else ""
                flow_id = f"{before}-{word}"
                while any(f'id="{flow_id}"' in flow for flow in flows):
                    flow_id += "'"
                ends = f'sourceRef="{before}" targetRef="{word}"'
                flows.append(f'<sequenceFlow id="{flow_id}" {ends}>{inside}</sequenceFlow>')
            before, conditional = word, False
    return "".join(nodes.values()) + "".join(flows)


def _node(node_id: str) -> str:
    letter = node_id[0]
    if letter in "bn":
        cancel = "true" if letter == "b" else "false"
        return (
            f'<boundaryEvent id="{node_id}" attachedToRef="{node_id[2:]}" cancelActivity="{cancel}">'
            "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
        )
    if letter == "m":
        return (
            f'<intermediateCatchEvent id="{node_id}"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
            "</timerEventDefinition></intermediateCatchEvent>"
        )
    inside = "<terminateEventDefinition/>" if letter == "k" else ""
    return f'<{TAGS[letter]} id="{node_id}">{inside}</{TAGS[letter]}>'


def index(inside: str) -> Index:
    """The index of a document with one process of this content."""
    model = read(document(f'<process id="p" isExecutable="true">{inside}</process>')).model
    assert model is not None
    return Index(model)
