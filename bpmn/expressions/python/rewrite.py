"""Rewrites a checked syntax tree so that everything with a cost or a reach goes through the guard.

`order.total` -> `_g.attribute(order, "total")`; `x.upper()` -> `_g.call(x, "upper")`; `a * b` -> `_g.multiply(a, b)`;
`[...]` comprehensions and loops get a tick per iteration whose weight is the size of their body. Tuples become lists:
they are the only containers that could nest themselves in keys.
"""

from __future__ import annotations

import ast
from copy import deepcopy
from typing import TypeVar

GUARD = "_g"
RESULT = "_result"

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "modulo",
    ast.Pow: "power",
    ast.LShift: "shift_left",
    ast.RShift: "shift_right",
    ast.BitOr: "bit_or",
    ast.BitAnd: "bit_and",
    ast.BitXor: "bit_xor",
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_Comprehension = TypeVar("_Comprehension", ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Rewriter(ast.NodeTransformer):
    """One pass over one tree. `guarded` tells afterwards whether the guard is needed at all."""

    def __init__(self) -> None:
        self.guarded = False

    def _guard(self, method: str, *arguments: ast.expr, keywords: list[ast.keyword] | None = None) -> ast.Call:
        self.guarded = True
        function = ast.Attribute(ast.Name(GUARD, ast.Load()), method, ast.Load())
        return ast.Call(function, list(arguments), keywords or [])

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        value = self.visit(node.value)
        if isinstance(node.ctx, ast.Load):
            return self._guard("attribute", value, ast.Constant(node.attr))
        # SpiffWorkflow's boxes: `order.total = 5` sets the key.
        return ast.Subscript(self._guard("target", value), ast.Constant(node.attr), node.ctx)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        value = self.visit(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = (node.slice.lower, node.slice.upper, node.slice.step)
            return self._guard("slice", value, *(self.visit(each) if each else ast.Constant(None) for each in bounds))
        index = self.visit(node.slice)
        if isinstance(node.ctx, ast.Load):
            return self._guard("item", value, index)
        return ast.Subscript(self._guard("target", value), index, node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        arguments = [self.visit(argument) for argument in node.args]
        keywords = [ast.keyword(each.arg, self.visit(each.value)) for each in node.keywords]
        if isinstance(node.func, ast.Attribute):
            name = ast.Constant(node.func.attr)
            return self._guard("call", self.visit(node.func.value), name, *arguments, keywords=keywords)
        return self._guard("invoke", self.visit(node.func), *arguments, keywords=keywords)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        return self._guard(_BINARY[type(node.op)], self.visit(node.left), self.visit(node.right))

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        operands = [self.visit(each) for each in (node.left, *node.comparators)]
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.Is | ast.IsNot):
            return ast.Compare(operands[0], node.ops, operands[1:])
        if len(node.ops) == 1 and not isinstance(node.ops[0], ast.In | ast.NotIn) and _any_scalar(operands):
            return ast.Compare(operands[0], node.ops, operands[1:])
        if len(node.ops) == 1:
            return self._guard("compare", operands[0], ast.Constant(_COMPARE[type(node.ops[0])]), operands[1])
        # `a < b < c`: each operand once, later ones only where the earlier comparisons hold.
        later = [_lazily(operand) for operand in operands[1:]]
        steps = [ast.Constant(_COMPARE[type(operator)]) for operator in node.ops]
        pairs = [part for step, operand in zip(steps, later, strict=True) for part in (step, operand)]
        return self._guard("compare_chain", operands[0], *pairs)

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        elements = [self.visit(element) for element in node.elts]
        if isinstance(node.ctx, ast.Store):
            return ast.Tuple(elements, node.ctx)
        return ast.List(elements, node.ctx)

    def visit_Set(self, node: ast.Set) -> ast.expr:
        return self._guard("make_set", ast.List([self.visit(element) for element in node.elts], ast.Load()))

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        specification = self.visit(node.format_spec) if node.format_spec else ast.Constant("")
        return self._guard("format", self.visit(node.value), specification, ast.Constant(node.conversion))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return self._guard("joined", ast.List([self.visit(part) for part in node.values], ast.Load()))

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        body = ast.BoolOp(ast.Or(), [self._guard("tick", _weight(node.body)), self.visit(node.body)])
        node.args.defaults = [self.visit(each) for each in node.args.defaults]
        node.args.kw_defaults = [self.visit(each) if each else None for each in node.args.kw_defaults]
        return ast.Lambda(node.args, body)

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.expr:
        return self._guard("make_set", self._comprehension(ast.ListComp(node.elt, node.generators)))

    def visit_DictComp(self, node: ast.DictComp) -> ast.expr:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        # A list: generators would carry frames, and may be consumed where nothing counts.
        return self._comprehension(ast.ListComp(node.elt, node.generators))

    def _comprehension(self, node: _Comprehension) -> _Comprehension:
        weight = _weight(node)
        self.generic_visit(node)
        for generator in node.generators:
            generator.iter = self._guard("iterate", generator.iter)
            generator.ifs.insert(0, self._guard("step", weight))
        return node

    def visit_For(self, node: ast.For) -> ast.stmt:
        tick = ast.Expr(self._guard("tick", _weight(node)))
        self.generic_visit(node)
        node.iter = self._guard("iterate", node.iter)
        node.body.insert(0, tick)
        return node

    def visit_While(self, node: ast.While) -> ast.stmt:
        tick = ast.Expr(self._guard("tick", _weight(node)))
        self.generic_visit(node)
        node.body.insert(0, tick)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is None:
            return ast.Pass()
        return ast.Assign([self.visit(node.target)], self.visit(node.value))

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        load = _as_load(deepcopy(node.target))  # visited twice, and visiting changes nodes
        value = self._guard(_BINARY[type(node.op)], self.visit(load), self.visit(node.value))
        return ast.Assign([self.visit(node.target)], value)


def _lazily(operand: ast.expr) -> ast.expr:
    if isinstance(operand, ast.Constant):
        return operand
    arguments = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(arguments, operand)


def _as_load(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.Name(name, ast.Load())
        case ast.Attribute(value=value, attr=name):
            return ast.Attribute(value, name, ast.Load())
        case ast.Subscript(value=value, slice=index):
            return ast.Subscript(value, index, ast.Load())
    raise TypeError(f"Expected a target that can be read, but got {type(target).__name__}.")


def _any_scalar(operands: list[ast.expr]) -> bool:
    return any(isinstance(operand, ast.Constant) for operand in operands)


def _weight(node: ast.AST) -> ast.expr:
    return ast.Constant(sum(1 for _ in ast.walk(node)))
