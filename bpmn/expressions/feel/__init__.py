"""FEEL, the expression language of DMN 1.5 (chapter 10.3), whole.

`lexer`, `names` and `parser` make a `tree` of the text, `closures` compile it, `operations`, `members`, `iteration` and
`invocation` are what it means, `functions` the built-in ones; `temporal`, `values` and `types` say what values are.
`language` is the way in. Null stands for what has no value, as the standard wants it: only limits raise errors.
"""

from bpmn.expressions.feel.language import FeelExpression, compile_feel

__all__ = ["FeelExpression", "compile_feel"]
