"""Readers of who does a user task by the standard's resource roles."""

from __future__ import annotations

import re
from dataclasses import replace

from bpmn.findings import Severity
from bpmn.model.activities import Assignment
from bpmn.model.base import Expression
from bpmn.xml import expressions
from bpmn.xml.node import Node, text_of

_USER_OR_GROUP = re.compile(r"(user|group)\s*\((.*)\)\Z", re.DOTALL)
_ROLES = ("humanPerformer", "performer", "potentialOwner", "resourceRole")


def resource_roles(node: Node, assignment: Assignment) -> tuple[Assignment, int]:
    """The assignment completed by `humanPerformer`, `performer` and `potentialOwner`; and how many were not read.

    `potentialOwner` holds `user(a)`, `group(b)` or plain names, which are groups (Flowable user guide, "User task").
    """
    unread = 0
    for role in _ROLES:
        for element in node.children(role):
            part = node.part(element)
            names = _names(part)
            if not names or role == "resourceRole":
                unread += 1
                continue
            if role == "potentialOwner":
                assignment = _with_candidates(assignment, names, part.line)
            elif assignment.assignee is None:
                assignment = replace(assignment, assignee=expressions.attribute(_unwrap(names[0])[1], part.line))
    return assignment, unread


def _names(node: Node) -> list[str]:
    """Entries of the `resourceAssignmentExpression`."""
    element = node.child("resourceAssignmentExpression")
    if element is None:
        return []
    return expressions.split_list(text_of(element).strip())


def _unwrap(entry: str) -> tuple[str, str]:
    match = _USER_OR_GROUP.match(entry)
    return (match.group(1), match.group(2).strip()) if match else ("group", entry)


def _with_candidates(assignment: Assignment, names: list[str], line: int | None) -> Assignment:
    users: list[Expression] = list(assignment.candidate_users)
    groups: list[Expression] = list(assignment.candidate_groups)
    for name in names:
        kind, text = _unwrap(name)
        expression = expressions.attribute(text, line)
        if expression is not None:
            (users if kind == "user" else groups).append(expression)
    return replace(assignment, candidate_users=tuple(users), candidate_groups=tuple(groups))


def unread_roles(node: Node) -> int:
    """Number of resource roles of an activity that nobody is assigned to."""
    unread = sum(len(node.children(role)) for role in _ROLES)
    return report_roles(node, unread)


def report_roles(node: Node, unread: int) -> int:
    if unread:
        node.report(
            Severity.INFO,
            "RESOURCE_NOT_READ",
            f"Expected an assignment expression in each resource role of '{node.id}', but {unread} have none.",
            "Write who does the task as assignee, candidate users or candidate groups; till then anyone may do it.",
        )
    return unread
