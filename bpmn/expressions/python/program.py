"""A checked, rewritten and compiled expression or script."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from bpmn.expressions.api import CompileError
from bpmn.expressions.python.check import parse_expression, parse_script
from bpmn.expressions.python.functions import FUNCTIONS
from bpmn.expressions.python.methods import MUTATORS
from bpmn.expressions.python.rewrite import RESULT, Rewriter

_FILE = "<model>"


@dataclass(frozen=True, slots=True)
class Program:
    """Code that runs in a namespace made of the variables it reads."""

    text: str
    code: CodeType
    is_script: bool
    reads: frozenset[str]
    """Variables it reads, names of builtins left out."""
    lookups: tuple[str, ...]
    """All names to look up before it runs: a variable may be called `sum` or `date`."""
    stores: tuple[str, ...]
    """Names it assigns."""
    changes_values: bool
    """Whether it may change a list or map in place, so that it needs copies."""
    needs_guard: bool


def compile_expression_program(text: str) -> Program:
    """Raises CompileError."""
    return _program(text, parse_expression(text))


def compile_script_program(text: str) -> Program:
    """The value of a last line that is an expression is kept. Raises CompileError."""
    return _program(text, parse_script(text))


def _program(text: str, tree: ast.Expression | ast.Module) -> Program:
    loads = frozenset(_free_names(tree, frozenset()))
    stores = tuple(sorted(set(_stored_names(tree))))
    changes = any(_changes(node) for node in ast.walk(tree))
    if isinstance(tree, ast.Module) and tree.body and isinstance(tree.body[-1], ast.Expr):
        last = tree.body[-1]
        tree.body[-1] = ast.copy_location(ast.Assign([ast.Name(RESULT, ast.Store())], last.value), last)
    rewriter = Rewriter()
    try:
        rewritten = ast.fix_missing_locations(rewriter.visit(tree))
        code = compile(rewritten, _FILE, "exec" if isinstance(tree, ast.Module) else "eval", dont_inherit=True)
    except RecursionError as error:
        raise CompileError("Expected Python of moderate nesting, but it is nested too deep.") from error
    except (SyntaxError, ValueError) as error:
        raise CompileError(f"Expected valid Python, but {error}.") from error
    return Program(
        text=text,
        code=code,
        is_script=isinstance(tree, ast.Module),
        reads=loads - FUNCTIONS.keys(),
        lookups=tuple(sorted(loads)),
        stores=stores,
        changes_values=changes,
        needs_guard=rewriter.guarded,
    )


def _free_names(node: ast.AST, bound: frozenset[str]) -> Iterator[str]:
    """Names that are read and not bound by a comprehension or lambda around them."""
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            if name not in bound:
                yield name
            return
        case ast.AugAssign(target=ast.Name(id=name)):
            yield name
        case ast.Lambda(args=arguments):
            bound = bound | {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            # The first iterable is evaluated outside, as Python does.
            yield from _free_names(node.generators[0].iter, bound)
            bound = bound | set(_stored_names(node, inside=True))
        case ast.AnnAssign(target=target, value=value):
            yield from _free_names(target, bound)
            if value is not None:
                yield from _free_names(value, bound)
            return
    for child in ast.iter_child_nodes(node):
        yield from _free_names(child, bound)


def _stored_names(node: ast.AST, inside: bool = False) -> Iterator[str]:
    """Names assigned by statements; with `inside`, the targets of one comprehension."""
    comprehensions = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    waiting: list[ast.AST] = (
        [each.target for each in node.generators] if inside and isinstance(node, comprehensions) else [node]
    )
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id
        elif not isinstance(each, (*comprehensions, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(each))


def _changes(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()):
            return True
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in MUTATORS
    return False
