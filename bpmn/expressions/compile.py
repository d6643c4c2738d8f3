"""From the model's expression to something that can be evaluated: picks the language."""

from __future__ import annotations

from collections.abc import Callable

from bpmn.expressions.api import NO_HANDLERS, Compiled, CompileError, HandlerCall, Handlers
from bpmn.expressions.feel import compile_feel
from bpmn.expressions.groovy import compile_groovy
from bpmn.expressions.javascript import compile_javascript
from bpmn.expressions.juel.language import compile_juel, juel_handler_call
from bpmn.expressions.literal import LiteralExpression
from bpmn.expressions.python import compile_python_expression, compile_python_script
from bpmn.model.base import Expression

# What `scriptFormat`, `language` and `expressionLanguage` say in real models, in lower case.
_ALIASES = {
    "": "python",
    "python3": "python",
    "text/x-python": "python",
    "js": "javascript",
    "ecmascript": "javascript",
    "graal.js": "javascript",
    "graaljs": "javascript",
    "nashorn": "javascript",
    "rhino": "javascript",
    "text/javascript": "javascript",
    "application/javascript": "javascript",
    "el": "juel",
    "http://groovy.codehaus.org/": "groovy",
    "text/x-groovy": "groovy",
}

_EXPRESSIONS: dict[str, Callable[[str, Handlers], Compiled]] = {
    "literal": lambda text, handlers: LiteralExpression(text),
    "juel": compile_juel,
    "feel": lambda text, handlers: compile_feel(text),
    "python": lambda text, handlers: compile_python_expression(text, handlers),
    "javascript": lambda text, handlers: compile_javascript(text),
    "groovy": lambda text, handlers: compile_groovy(text),
}
_SCRIPTS: dict[str, Callable[[str, Handlers, bool], Compiled]] = {
    "literal": lambda text, handlers, store: LiteralExpression(text),
    "juel": lambda text, handlers, store: compile_juel(text.strip(), handlers),
    "feel": lambda text, handlers, store: compile_feel(text),
    "python": lambda text, handlers, store: compile_python_script(text, handlers),
    "javascript": lambda text, handlers, store: compile_javascript(text, auto_store=store),
    "groovy": lambda text, handlers, store: compile_groovy(text, auto_store=store),
}


def language_of(expression: Expression) -> str:
    """The name bpmnd knows the expression's language by: `JavaScript`, `ecmascript` -> `javascript`."""
    name = expression.language.strip().lower()
    if "feel" in name:  # FEEL's namespaces end in /FEEL/ and carry the version's date
        return "feel"
    return _ALIASES.get(name, name)


def compile_expression(expression: Expression, *, handlers: Handlers = NO_HANDLERS) -> Compiled:
    """Compile an expression: text that has a value.

    `handlers` are those known at compile time; they only sharpen `reads`. Raises CompileError with code
    EXPRESSION_SYNTAX, EXPRESSION_UNSUPPORTED or LANGUAGE_UNSUPPORTED.
    """
    compiler = _EXPRESSIONS.get(language_of(expression))
    if compiler is None:
        raise _unknown_language(expression)
    return compiler(expression.text, handlers)


def compile_script(expression: Expression, *, handlers: Handlers = NO_HANDLERS, auto_store: bool = False) -> Compiled:
    """Compile a script: statements whose assignments go to `context.assigned`.

    Its value is that of its last expression (Python: else of a variable `result`). Python stores every variable that
    it assigns, as SpiffWorkflow does. JavaScript and Groovy store what `execution.setVariable` says; with
    `auto_store` also their global variables (`flowable:autoStoreVariables`). Errors as `compile_expression`.
    """
    compiler = _SCRIPTS.get(language_of(expression))
    if compiler is None:
        raise _unknown_language(expression)
    return compiler(expression.text, handlers, auto_store)


def handler_call(expression: Expression) -> HandlerCall | None:
    """For JUEL text that is exactly one `${bean.method(args)}`, `${function(args)}` or `${bean}`: what it calls.

    The engine turns such a call into a job where the bean is not a registered pure handler. Raises CompileError.
    """
    if language_of(expression) != "juel":
        return None
    return juel_handler_call(expression.text)


def _unknown_language(expression: Expression) -> CompileError:
    return CompileError(
        f"Expected an expression language that bpmnd evaluates, but found {expression.language!r}.",
        code="LANGUAGE_UNSUPPORTED",
        hint="Use juel, python, javascript or feel.",
    )
