"""Whether tokens can always get to an end: joins that never complete, tokens that multiply, loops without end.

`build` makes a net of a scope, `reduce` takes away what is block-structured, `explore` walks through the rest, and
`check` says what was found, with the path to it.
"""

from bpmn.rules.soundness.check import check

__all__ = ["check"]
