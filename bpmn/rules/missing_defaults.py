"""DEFAULT_MISSING: where every way out has a condition, all may be false; CONDITION_IGNORED: conditions of defaults.

BPMN 2.0.2, 13.4.2 and 13.4.3: the exclusive and the inclusive gateway raise an exception then; here it is an incident.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.base import Expression
from bpmn.model.definitions import FlowNode, SequenceFlow
from bpmn.model.gateways import EventBasedGateway, ExclusiveGateway, InclusiveGateway, ParallelGateway
from bpmn.rules.index import Index, warning

_COMPARISON = re.compile(
    r"(?P<left>[^=!<>]+?)\s*(?P<sign>==|!=|<=|>=|=|<|>|\b(?:eq|ne|le|ge|lt|gt)\b)\s*(?P<right>[^=!<>]+)"
)
_CONNECTIVE = re.compile(r"&&|\|\||[?]|\b(?:and|or|if|between|in)\b")
_NOT = re.compile(r"(?:!|not\b)\s*(?P<rest>[^=!<>&|?]+)")
_WORDS = {"eq": "==", "=": "==", "ne": "!=", "le": "<=", "ge": ">=", "lt": "<", "gt": ">"}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def check(index: Index) -> Iterator[Finding]:
    for scope, node in index.nodes():
        flows = scope.outgoing.get(node.id, [])
        if not flows or isinstance(node, ParallelGateway | EventBasedGateway):
            continue
        default: str | None = getattr(node, "default_flow", None)
        if default is None:
            yield from _without_default(node, flows)
        elif not isinstance(node, ExclusiveGateway | InclusiveGateway) or len(flows) == 1:
            yield from _default(flows, default)  # the rule gateways looks at the others


def _without_default(node: FlowNode, flows: list[SequenceFlow]) -> Iterator[Finding]:
    conditions = [flow.condition for flow in flows if flow.condition is not None]
    if len(conditions) < len(flows) or _one_is_true(conditions):
        return
    names = " and ".join(f"'{flow.id}'" for flow in flows[:5]) + (" ..." if len(flows) > 5 else "")
    yield warning(
        "DEFAULT_MISSING",
        node,
        f"Expected a default flow out of '{node.id}', but each of its flows ({names}) has a condition; where none is"
        " true the instance stops there with an incident.",
        "Make one of the flows the default, or add one.",
    )


def _default(flows: list[SequenceFlow], default: str) -> Iterator[Finding]:
    for flow in flows:
        if flow.id == default and flow.condition is not None:
            yield warning(
                "CONDITION_IGNORED",
                flow,
                f"Expected no condition on default flow '{flow.id}', but it has one; it is not evaluated.",
                "Remove the condition, or make another flow the default.",
            )


def _one_is_true(conditions: list[Expression]) -> bool:
    """Whether one of them is true whatever the variables are: `true` itself, or a condition beside its opposite."""
    seen = {_comparison(condition.text) for condition in conditions}
    return any((left, _OPPOSITE[sign], right) in seen for left, sign, right in seen) or any(
        _plain(condition.text) == "true" for condition in conditions
    )


def _comparison(text: str) -> tuple[str, str, str]:
    """(left, sign, right); what is no comparison is one with `true`."""
    text = _plain(text)
    if match := _NOT.fullmatch(text):
        return _plain(match["rest"]), "!=", "true"
    match = None if _CONNECTIVE.search(text) else _COMPARISON.fullmatch(text)
    if match is None:
        return text, "==", "true"
    left, sign, right = match["left"].strip(), _WORDS.get(match["sign"], match["sign"]), match["right"].strip()
    if right == "false" and sign in ("==", "!="):
        return left, _OPPOSITE[sign], "true"
    return left, sign, right


def _plain(text: str) -> str:
    """The expression without what marks it as one."""
    text = text.strip()
    if text[:2] in ("${", "#{") and text.endswith("}") and text.count("{") == 1:
        text = text[2:-1].strip()
    text = text.removeprefix("=").strip()
    while text.startswith("(") and text.endswith(")") and "(" not in text[1:] and ")" not in text[:-1]:
        text = text[1:-1].strip()
    return text
