"""JavaScript in models, run by QuickJS: it sees a copy of the variables, nothing else, and is bounded."""

from bpmn.expressions.javascript.language import compile_javascript

__all__ = ["compile_javascript"]
