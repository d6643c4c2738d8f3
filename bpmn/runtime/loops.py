"""Activities that are done more than once: which kind of loop a node has."""

from __future__ import annotations

from bpmn.runtime import multi_instance, standard_loop
from bpmn.runtime.work import Work
from bpmn.spec.graph import Node, StandardLoopSpec


def open_body(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    """A token has entered the activity: open the body and what is to be done first."""
    if isinstance(node.loop, StandardLoopSpec):
        standard_loop.open_body(work, scope_id, token_id, node)
    else:
        multi_instance.open_body(work, scope_id, token_id, node)


def item_done(work: Work, item_id: int, token_id: int, node: Node) -> None:
    """One inner instance is done, its output mappings too."""
    if isinstance(node.loop, StandardLoopSpec):
        standard_loop.item_done(work, item_id, token_id, node)
    else:
        multi_instance.item_done(work, item_id, token_id, node)


def resume(work: Work, body_id: int) -> None:
    """Go on where a bounded step stopped."""
    node = work.graph.nodes[work.draft.scope(body_id).element]
    if isinstance(node.loop, StandardLoopSpec):
        standard_loop.resume(work, body_id)
    else:
        multi_instance.resume(work, body_id)
