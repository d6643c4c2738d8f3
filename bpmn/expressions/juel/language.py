"""JUEL behind the one interface of expressions."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.expressions.api import NO_HANDLERS, Compiled, Context, HandlerCall, Handlers, Value
from bpmn.expressions.execution import Execution
from bpmn.expressions.failures import in_expression
from bpmn.expressions.juel.ast import FunctionCall, Identifier, MethodCall, Node, Path, Template
from bpmn.expressions.juel.closures import Evaluate, compile_node
from bpmn.expressions.juel.coerce import to_text
from bpmn.expressions.juel.functions import FUNCTIONS
from bpmn.expressions.juel.parse import parse_template
from bpmn.expressions.juel.reads import template_reads
from bpmn.expressions.limits import check_string_size
from bpmn.expressions.task import Task
from bpmn.expressions.values import plain

_SCALARS = frozenset({bool, type(None)})


@dataclass(frozen=True, slots=True)
class JuelExpression:
    """A compiled template."""

    text: str
    reads: frozenset[str] | None
    run: Evaluate
    language: str = "juel"

    def evaluate(self, context: Context) -> Value:
        try:
            value = self.run(context)
            if type(value) in _SCALARS:
                return value
            return plain(value.to_value() if isinstance(value, Execution | Task) else value)
        except Exception as error:
            raise in_expression(error, self.text) from error.__cause__


def compile_juel(text: str, handlers: Handlers = NO_HANDLERS) -> JuelExpression:
    """Compile a template: exactly one `${}` gives its raw value, anything else a string (null is empty).

    Raises CompileError for what is not JUEL.
    """
    template = parse_template(text)
    return JuelExpression(text, template_reads(template, handlers), _template(template))


def _template(template: Template) -> Evaluate:
    single = template.single
    if single is not None:
        return compile_node(single)
    if all(isinstance(part, str) for part in template.parts):
        text = "".join(part for part in template.parts if isinstance(part, str))
        return lambda context: text
    parts = [part if isinstance(part, str) else compile_node(part) for part in template.parts]

    def join(context: Context) -> str:
        texts = [part if isinstance(part, str) else to_text(part(context)) for part in parts]
        check_string_size(sum(map(len, texts)))
        return "".join(texts)

    return join


def juel_handler_call(text: str) -> HandlerCall | None:
    """The call, where the text is exactly one `${bean}`, `${bean.method(args)}` or `${function(args)}`; else None."""
    node = parse_template(text.strip()).single
    match node:
        case Identifier(name):
            return HandlerCall(name, None, ())
        case Path(Identifier(name), (MethodCall(method, arguments),)) if name != "execution":
            return HandlerCall(name, method, tuple(_argument(argument, text) for argument in arguments))
        case FunctionCall(name, arguments) if name not in FUNCTIONS and ":" not in name:
            return HandlerCall(name, None, tuple(_argument(argument, text) for argument in arguments))
    return None


def _argument(node: Node, text: str) -> Compiled:
    reads = template_reads(Template((node,)), NO_HANDLERS)
    if node == Identifier("execution"):
        # A job receives the properties of `execution`, no variables.
        reads = frozenset()
    return JuelExpression(text, reads, compile_node(node))
