"""Runs one restricted script; started by `python.py` as `python -I -S sandbox.py`, never imported by the worker.

Reads `{script, variables, cpuSeconds, memoryBytes, maxOutput}` as JSON, writes `{outcome, ...}`. Standard library only.
Two fences: an allowlist for the script's syntax, names and attributes, and the limits of the operating system.
"""

from __future__ import annotations

import ast
import json
import resource
import sys
from typing import Any, NoReturn

_SYNTAX = (
    # statements
    *(ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.If, ast.For, ast.While, ast.Break),
    *(ast.Continue, ast.Pass, ast.Raise, ast.Try, ast.ExceptHandler, ast.FunctionDef, ast.Return, ast.Delete),
    *(ast.Assert, ast.arguments, ast.arg),
    # expressions
    *(ast.Constant, ast.Name, ast.Load, ast.Store, ast.Del, ast.Attribute, ast.Subscript, ast.Slice, ast.Call),
    *(ast.keyword, ast.Starred, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp),
    *(ast.GeneratorExp, ast.comprehension, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Lambda),
    *(ast.NamedExpr, ast.JoinedStr, ast.FormattedValue),
    *(ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)
_TYPES = (str, list, dict, set, tuple, int, float)
# format and format_map read attributes by name, past this check.
_ATTRIBUTES = {name for each in _TYPES for name in dir(each) if not name.startswith("_")} - {"format", "format_map"}


class BpmnError(Exception):
    """An error of the process; scripts raise it."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message)
        self.code = code


_BUILTINS: dict[str, Any] = {
    each.__name__: each
    for each in (
        *(abs, all, any, bool, dict, divmod, enumerate, filter, float, int, isinstance, len, list, map, max, min, pow),
        *(range, repr, reversed, round, set, sorted, str, sum, tuple, zip),
        *(Exception, ArithmeticError, IndexError, KeyError, LookupError, TypeError, ValueError, ZeroDivisionError),
        BpmnError,
    )
}


class Refused(Exception):
    """The script uses what it may not."""


def check(tree: ast.AST) -> None:
    """Raises Refused, naming the line, for anything outside the allowlist."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", "?")
        if not isinstance(node, _SYNTAX):
            raise Refused(f"line {line}: {type(node).__name__} is not allowed in scripts")
        if isinstance(node, ast.Attribute) and node.attr not in _ATTRIBUTES:
            raise Refused(f"line {line}: attribute '{node.attr}' is not allowed in scripts")
        for name in _names(node):
            if name.startswith("__"):
                raise Refused(f"line {line}: name '{name}' is not allowed in scripts")


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.arg | ast.keyword):
        return [node.arg] if node.arg else []
    if isinstance(node, ast.FunctionDef | ast.ExceptHandler):
        return [node.name] if node.name else []
    return []


def run(script: str, variables: dict[str, Any]) -> dict[str, Any]:
    """What the script assigned, and the value of its last expression."""
    tree = ast.parse(script, filename="script")
    check(tree)
    last: ast.expr | None = None
    if tree.body and isinstance(final := tree.body[-1], ast.Expr):
        last = final.value
        tree.body.pop()
    scope: dict[str, Any] = {**variables, "__builtins__": _BUILTINS}
    before = {name: json.dumps(value) for name, value in variables.items()}
    exec(compile(tree, "script", "exec"), scope)
    result = eval(compile(ast.Expression(last), "script", "eval"), scope) if last is not None else None
    del scope["__builtins__"]
    changed: dict[str, Any] = {}
    for name, value in scope.items():
        if callable(value) or (name == "__annotations__" and name not in before):
            continue  # functions of the script, and what Python notes about annotated names
        if name not in before or before[name] != json.dumps(value, allow_nan=False):
            changed[name] = value
    return {"outcome": "completed", "variables": changed, "result": result}


def main() -> None:
    task = json.load(sys.stdin)
    _limit(task["cpuSeconds"], task["memoryBytes"])
    try:
        answer = run(task["script"], task["variables"])
        written = json.dumps(answer, allow_nan=False)
    except BpmnError as error:
        written = json.dumps({"outcome": "error", "code": str(error.code), "message": str(error)})
    except Refused as error:
        written = _failed(f"Expected a script that keeps to what scripts may do, but {error}")
    except SyntaxError as error:
        written = _failed(f"Expected a Python script, but line {error.lineno}: {error.msg}")
    except MemoryError:
        _give_up()
    except Exception as error:
        written = _failed(f"Expected the script to end, but line {_line(error)}: {type(error).__name__}: {error}")
    if len(written) > task["maxOutput"]:
        written = _failed(f"Expected at most {task['maxOutput']} characters of result, but got {len(written)}")
    sys.stdout.write(written)


def _limit(cpu_seconds: int, memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    if sys.platform != "darwin":  # which does not know the limit
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What is open stays open; nothing more, neither file nor socket.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def _failed(message: str) -> str:
    return json.dumps({"outcome": "failed", "message": message[:2000]})


def _line(error: BaseException) -> int | str:
    line: int | str = "?"
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "script":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _give_up() -> NoReturn:
    sys.exit(70)


if __name__ == "__main__":
    main()
