"""The allowlist: which Python a model may contain. Everything else is a CompileError that says what."""

from __future__ import annotations

import ast
import warnings

from bpmn.expressions.api import CompileError
from bpmn.expressions.limits import MAX_INT_BITS, MAX_NESTING, check_text

_EXPRESSION_NODES: tuple[type[ast.AST], ...] = (
    ast.Expression,
    ast.Constant,
    ast.Name,
    ast.Load,
    ast.Attribute,
    ast.Subscript,
    ast.Slice,
    ast.Call,
    ast.keyword,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Dict,
    ast.UnaryOp,
    ast.unaryop,
    ast.BinOp,
    ast.operator,
    ast.BoolOp,
    ast.boolop,
    ast.Compare,
    ast.cmpop,
    ast.IfExp,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.comprehension,
    ast.Lambda,
    ast.arguments,
    ast.arg,
    ast.Store,
)
_SCRIPT_NODES: tuple[type[ast.AST], ...] = (
    *_EXPRESSION_NODES,
    ast.Module,
    ast.Expr,
    ast.Assign,
    ast.AugAssign,
    ast.AnnAssign,
    ast.If,
    ast.For,
    ast.While,
    ast.Break,
    ast.Continue,
    ast.Pass,
    ast.Raise,
)
_NO_IMPORT = "date, datetime, timedelta and Decimal are there without import; other work belongs in a connector."
_HINTS: dict[type[ast.AST], str] = {
    ast.Import: _NO_IMPORT,
    ast.ImportFrom: _NO_IMPORT,
    ast.FunctionDef: "Use a lambda, or move the work into a connector.",
    ast.Try: "Test the value before you use it.",
    ast.Starred: "Join lists with + and maps with |.",
    ast.NamedExpr: "Assign in a line of its own.",
    ast.Delete: "Assign None.",
}
_NODE_NAMES: dict[type[ast.AST], str] = {
    ast.FunctionDef: "def",
    ast.AsyncFunctionDef: "async def",
    ast.ClassDef: "class",
    ast.NamedExpr: ":=",
    ast.Starred: "*",
    ast.ImportFrom: "import",
}


def parse_expression(text: str) -> ast.Expression:
    """Syntax tree of an expression that keeps to the allowlist, else CompileError."""
    tree = _parse(text.strip(), "eval")
    assert isinstance(tree, ast.Expression)
    _Checker(_EXPRESSION_NODES).check(tree)
    return tree


def parse_script(text: str) -> ast.Module:
    """Syntax tree of a script that keeps to the allowlist, else CompileError."""
    tree = _parse(_dedent(text), "exec")
    assert isinstance(tree, ast.Module)
    _Checker(_SCRIPT_NODES).check(tree)
    return tree


def _parse(text: str, mode: str) -> ast.AST:
    check_text(text, "Python")
    try:
        with warnings.catch_warnings():
            # `1 is 1`, `"\d"`: the model's business, not the server's log.
            warnings.simplefilter("ignore")
            return ast.parse(text, mode=mode)
    except (SyntaxError, ValueError) as error:
        where = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = error.msg if isinstance(error, SyntaxError) else error
        raise CompileError(f"Expected valid Python, but{where}: {reason}.") from error
    except (RecursionError, MemoryError) as error:
        raise _too_deep() from error


def _too_deep() -> CompileError:
    return CompileError("Expected Python of moderate nesting, but it is nested too deep.")


def _dedent(text: str) -> str:
    """Modeling tools indent the whole script with the XML around it, often all lines but the first."""
    lines = text.expandtabs(4).strip("\r\n").splitlines() or [""]
    filled = [line for line in lines if line.strip()]
    if not filled:
        return ""
    margin = min(len(line) - len(line.lstrip()) for line in filled)
    if margin == 0 and len(filled) > 1 and not filled[0].rstrip().endswith(":"):
        rest = min(len(line) - len(line.lstrip()) for line in filled[1:])
        if rest and _is_block_of_its_own(filled[0]):
            first = lines.index(filled[0])
            return "\n".join([lines[first], *(line[rest:] for line in lines[first + 1 :])])
    return "\n".join(line[margin:] for line in lines)


def _is_block_of_its_own(line: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(line)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


class _Checker:
    def __init__(self, allowed: tuple[type[ast.AST], ...]) -> None:
        self._allowed = allowed

    def check(self, tree: ast.AST) -> None:
        waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
        while waiting:
            node, depth = waiting.pop()
            if not isinstance(node, self._allowed):
                raise _refusal(node)
            if depth > 3 * MAX_NESTING:
                raise _too_deep()
            self._check_node(node)
            waiting.extend((child, depth + 1) for child in ast.iter_child_nodes(node))

    def _check_node(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                _check_name(name, node)
            case ast.Attribute(attr=name):
                _check_name(name, node)
            case ast.Constant(value=value):
                _check_constant(value, node)
            case ast.comprehension(is_async=1):
                raise _unsupported("async", node)
            case ast.BinOp(op=ast.MatMult()):
                raise _unsupported("@", node)
            case ast.Dict(keys=keys) if None in keys:
                raise _unsupported("** in a dict", node, "Join maps with |.")
            case ast.keyword(arg=None):
                raise _unsupported("** in a call", node)
            case ast.arguments(vararg=vararg, kwarg=kwarg) if vararg or kwarg:
                raise _unsupported("* and ** parameters", node)
            case ast.Raise():
                _check_raise(node)
            case ast.Assign(targets=targets):
                for target in targets:
                    _check_target(target)
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                if isinstance(target, ast.Tuple | ast.List):
                    raise _unsupported("an assignment of this form", node)
                _check_target(target)
            case ast.For(target=target, orelse=orelse):
                _check_target(target)
                if orelse:
                    raise _unsupported("else of a loop", node)
            case ast.While(orelse=[_, *_]):
                raise _unsupported("else of a loop", node)


def _check_name(name: str, node: ast.AST) -> None:
    if name.startswith("_"):
        raise CompileError(
            f"Expected names that do not begin with an underscore, but found {name!r}{_line(node)}.",
            code="EXPRESSION_UNSUPPORTED",
        )


def _check_constant(value: object, node: ast.AST) -> None:
    if value is not None and not isinstance(value, bool | int | float | str):
        raise _unsupported(f"a constant of type {type(value).__name__}", node)
    if isinstance(value, int) and value.bit_length() > MAX_INT_BITS:
        raise CompileError(f"Expected integers of at most {MAX_INT_BITS} bits, but found a larger one{_line(node)}.")


def _check_raise(node: ast.Raise) -> None:
    match node:
        case ast.Raise(exc=ast.Call(func=ast.Name(id="BpmnError")), cause=None):
            return
    raise _unsupported("raise of anything but BpmnError", node, 'raise BpmnError("CODE", "message")')


def _check_target(target: ast.expr) -> None:
    match target:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                _check_target(part)
        case ast.Subscript(slice=ast.Slice()):
            raise _unsupported("an assignment to a slice", target)


def _refusal(node: ast.AST) -> CompileError:
    kind = type(node)
    return _unsupported(_NODE_NAMES.get(kind, kind.__name__.lower()), node, _HINTS.get(kind, ""))


def _unsupported(what: str, node: ast.AST, hint: str = "") -> CompileError:
    return CompileError(
        f"Expected Python that bpmnd supports in models, but found {what}{_line(node)}.",
        code="EXPRESSION_UNSUPPORTED",
        hint=hint or "Move the work into a connector.",
    )


def _line(node: ast.AST) -> str:
    line = getattr(node, "lineno", None)
    return f" in line {line}" if line else ""
