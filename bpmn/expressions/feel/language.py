"""FEEL behind the one interface of expressions: what mappings, conditions and decisions evaluate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bpmn.expressions.api import Context, Value
from bpmn.expressions.failures import in_expression
from bpmn.expressions.feel import tree
from bpmn.expressions.feel.closures import Compiler, Evaluate
from bpmn.expressions.feel.functions.registry import FUNCTIONS, NAMES
from bpmn.expressions.feel.members import MEMBER_NAMES
from bpmn.expressions.feel.names import Names
from bpmn.expressions.feel.parser import Parser
from bpmn.expressions.feel.scope import Run, Scope
from bpmn.expressions.feel.types import Type
from bpmn.expressions.feel.values import outward
from bpmn.expressions.scope import read_variable
from bpmn.expressions.values import plain

MEMBERS = Names(MEMBER_NAMES)


@dataclass(frozen=True, slots=True)
class FeelExpression:
    """A compiled expression."""

    text: str
    reads: frozenset[str] | None
    run: Evaluate
    language: str = "feel"

    def evaluate(self, context: Context) -> Value:
        try:
            scope = Scope(Run(context.now), {}, outer=_Variables(context))
            return plain(outward(self.run(scope)))
        except Exception as error:
            raise in_expression(error, self.text) from error.__cause__


class _Variables:
    """The variables of the process as names of FEEL."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    def get(self, name: str) -> Any:
        return read_variable(self._context, name)


def compile_feel(text: str) -> FeelExpression:
    """Compile an expression; a leading `=` (Camunda 8's mark) is left out.

    An unknown variable is null, as in Camunda 8; an unknown function is refused. Raises CompileError.
    """
    parser = Parser(text.strip().removeprefix("="), builtins=NAMES, members=MEMBERS, strict=True)
    compiler = Compiler(FUNCTIONS, strict=True)
    run = compiler.compile(parser.expression())
    return FeelExpression(text, frozenset(compiler.free), run)


@dataclass(frozen=True, slots=True)
class Compiled:
    """FEEL of a decision: `evaluate` takes a scope. `unknown` are functions that nobody declared."""

    text: str
    evaluate: Evaluate
    free: frozenset[str]
    unknown: frozenset[str]


def compile_in_decision(
    text: str, *, known: Collection[str], members: Names | None = None, types: Mapping[str, Type] | None = None
) -> Compiled:
    """Compile an expression that may use the names in `known`. Raises CompileError."""
    return _compile(text, Parser.expression, known, members, types)


def compile_unary_tests(
    text: str,
    *,
    known: Collection[str],
    members: Names | None = None,
    types: Mapping[str, Type] | None = None,
    asked: Collection[str] = (),
) -> Compiled:
    """Compile an input entry: it asks about the value bound to `?` and to the names in `asked`. Raises CompileError."""
    return _compile(text, Parser.unary_tests, {*known, "?", *asked}, members, types, ("?", *asked))


def _compile(
    text: str,
    rule: Callable[[Parser], tree.Node],
    known: Collection[str],
    members: Names | None,
    types: Mapping[str, Type] | None,
    asked: Collection[str] = ("?",),
) -> Compiled:
    parser = Parser(text, known=known, builtins=NAMES, members=members or MEMBERS, types=types, asked=asked)
    compiler = Compiler(FUNCTIONS, strict=False)
    evaluate = compiler.compile(rule(parser))
    return Compiled(text, evaluate, frozenset(compiler.free), frozenset(compiler.unknown))
