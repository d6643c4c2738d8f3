"""Syntax tree to Python closures: everything that can be decided once is decided here, not per evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpmn.expressions.api import CompileError, Context, EvaluationError
from bpmn.expressions.execution import Execution, call_execution, execution_property
from bpmn.expressions.handlers import HandlerReference, call_handler, read_handler_property
from bpmn.expressions.juel import coerce
from bpmn.expressions.juel.ast import (
    Access,
    Chain,
    FunctionCall,
    Identifier,
    Index,
    Literal,
    MethodCall,
    Node,
    Path,
    Property,
    Ternary,
    Unary,
)
from bpmn.expressions.juel.functions import FUNCTIONS
from bpmn.expressions.juel.methods import call_method
from bpmn.expressions.scope import read_variable, unknown_name
from bpmn.expressions.task import Task, call_task, task_property
from bpmn.expressions.values import type_name

Evaluate = Callable[[Context], Any]
Operator = Callable[[Any, Any], Any]

_OPERATORS: dict[str, Operator] = {
    "+": coerce.add,
    "-": coerce.subtract,
    "*": coerce.times,
    "/": coerce.divide,
    "%": coerce.remainder,
    "==": coerce.equal,
    "!=": coerce.unequal,
    "<": coerce.less,
    ">": coerce.greater,
    "<=": coerce.less_or_equal,
    ">=": coerce.greater_or_equal,
}
_UNARY: dict[str, Callable[[Any], Any]] = {
    "!": lambda value: not coerce.to_boolean(value),
    "-": coerce.negate,
    "empty": coerce.is_empty,
}


def compile_node(node: Node) -> Evaluate:
    """A function from the context to the (not yet plain) value of the node."""
    match node:
        case Literal(value):
            return lambda context: value
        case Identifier(name):
            return _identifier(name)
        case Path(base, accesses):
            return _path(compile_node(base), [_access(access) for access in accesses])
        case Chain(first, rest):
            return _chain(first, rest)
        case Unary(operators, operand):
            return _unary([_UNARY[operator] for operator in operators], compile_node(operand))
        case Ternary(cases, otherwise):
            return _ternary([(compile_node(test), compile_node(then)) for test, then in cases], compile_node(otherwise))
        case FunctionCall(name, arguments):
            return _function(name, [compile_node(argument) for argument in arguments])


def _identifier(name: str) -> Evaluate:
    if name == "task":
        return _task

    def read(context: Context) -> Any:
        try:
            return read_variable(context, name)
        except KeyError:
            if name == "execution":
                return Execution(context)
            if name in context.handlers:
                return HandlerReference(name, context.handlers.get(name))
            raise unknown_name(name) from None

    return read


def _task(context: Context) -> Any:
    """In a task listener the task, whatever variables there are; elsewhere a variable like any other."""
    if context.task is not None:
        return Task(context)
    try:
        return read_variable(context, "task")
    except KeyError:
        if "task" in context.handlers:
            return HandlerReference("task", context.handlers.get("task"))
        raise unknown_name("task") from None


def _path(base: Evaluate, accesses: list[Callable[[Any, Context], Any]]) -> Evaluate:
    if len(accesses) == 1:
        access = accesses[0]
        return lambda context: access(base(context), context)

    def follow(context: Context) -> Any:
        value = base(context)
        for access in accesses:
            value = access(value, context)
        return value

    return follow


def _access(access: Access) -> Callable[[Any, Context], Any]:
    match access:
        case Property(name):
            return lambda value, context: read_property(value, name)
        case Index(key):
            evaluate_key = compile_node(key)
            return lambda value, context: read_property(value, evaluate_key(context))
        case MethodCall(name, arguments):
            evaluate_arguments = [compile_node(argument) for argument in arguments]
            return lambda value, context: call_member(value, name, [each(context) for each in evaluate_arguments])


def read_property(value: Any, key: Any) -> Any:
    """`value.key` and `value[key]` (EL 1.6): a missing key or index is null, a property of null is null."""
    if value is None or key is None:
        return None
    if isinstance(value, dict):
        return value.get(key if isinstance(key, str) else coerce.to_text(key))
    if isinstance(value, list):
        index = coerce.to_number(key)
        if index != int(index):
            raise EvaluationError(f"Expected an integer as index of a list, but got {coerce.shown(key)}.")
        return value[int(index)] if 0 <= index < len(value) else None
    if isinstance(value, HandlerReference):
        return read_handler_property(value, coerce.to_text(key))
    if isinstance(value, Execution):
        return execution_property(value, coerce.to_text(key))
    if isinstance(value, Task):
        return task_property(value, coerce.to_text(key))
    name = coerce.to_text(key)
    try:
        return call_method(value, "get" + name[:1].upper() + name[1:], [])
    except EvaluationError:
        message = f"Expected a value with property {name!r}, but a {type_name(value)} has none of that name."
        raise EvaluationError(message) from None


def call_member(value: Any, name: str, arguments: list[Any]) -> Any:
    """`value.name(arguments)` for values, `execution` and registered handlers."""
    if isinstance(value, HandlerReference):
        return call_handler(value, name, arguments)
    if isinstance(value, Execution):
        return call_execution(value, name, arguments)
    if isinstance(value, Task):
        return call_task(value, name, arguments)
    return call_method(value, name, arguments)


def _chain(first: Node, rest: tuple[tuple[str, Node], ...]) -> Evaluate:
    operator = rest[0][0]
    if operator in ("||", "&&"):
        return _logical([compile_node(node) for node in (first, *(operand for _, operand in rest))], operator == "||")
    start = compile_node(first)
    if len(rest) == 1:
        return _binary(start, _OPERATORS[operator], rest[0][1])
    steps = [(_OPERATORS[name], compile_node(operand)) for name, operand in rest]

    def evaluate(context: Context) -> Any:
        value = start(context)
        for apply, operand in steps:
            value = apply(value, operand(context))
        return value

    return evaluate


def _binary(left: Evaluate, apply: Operator, right: Node) -> Evaluate:
    if isinstance(right, Literal):
        constant = right.value
        return lambda context: apply(left(context), constant)
    operand = compile_node(right)
    return lambda context: apply(left(context), operand(context))


def _logical(operands: list[Evaluate], decisive: bool) -> Evaluate:
    to_boolean = coerce.to_boolean

    def evaluate(context: Context) -> bool:
        for operand in operands:
            if to_boolean(operand(context)) is decisive:
                return decisive
        return not decisive

    return evaluate


def _unary(functions: list[Callable[[Any], Any]], operand: Evaluate) -> Evaluate:
    def evaluate(context: Context) -> Any:
        value = operand(context)
        for function in functions:
            value = function(value)
        return value

    return evaluate


def _ternary(cases: list[tuple[Evaluate, Evaluate]], otherwise: Evaluate) -> Evaluate:
    def evaluate(context: Context) -> Any:
        for test, then in cases:
            if coerce.to_boolean(test(context)):
                return then(context)
        return otherwise(context)

    return evaluate


def _function(name: str, arguments: list[Evaluate]) -> Evaluate:
    known = FUNCTIONS.get(name)
    if known is not None:
        count, function = known
        if count >= 0 and len(arguments) != count:
            raise CompileError(f"Expected {name!r} to receive {count} argument(s), but it has {len(arguments)}.")
        return lambda context: function(context, *[argument(context) for argument in arguments])
    if ":" in name:
        raise CompileError(
            f"Expected a function that JUEL models know, but found {name!r}.", code="EXPRESSION_UNSUPPORTED"
        )

    def call(context: Context) -> Any:
        if name not in context.handlers:
            raise EvaluationError(f"Expected function {name!r} to be registered as a handler, but it is not.")
        target = HandlerReference(name, context.handlers.get(name))
        return call_handler(target, None, [argument(context) for argument in arguments])

    return call
