"""Tokens to syntax tree: recursive descent by the precedences of EL 2.1 (JSR 245, 1.15), nesting limited."""

from __future__ import annotations

from bpmn.expressions.api import CompileError
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
    Template,
    Ternary,
    Unary,
)
from bpmn.expressions.juel.lexer import Token, read_expression, read_literal
from bpmn.expressions.limits import MAX_INT_BITS, MAX_NESTING, check_text

_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"==", "!="}),
    frozenset({"<", ">", "<=", ">="}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
_BINARY = tuple(operator for level in _LEVELS for operator in sorted(level))
_CONSTANTS = {"true": True, "false": False, "null": None}


def parse_template(text: str) -> Template:
    """Parse `text ${expr} text #{expr}`. Raises CompileError (EXPRESSION_SYNTAX) with the place."""
    check_text(text, "JUEL")
    parts: list[str | Node] = []
    position = 0
    while position < len(text):
        literal, position = read_literal(text, position)
        if literal:
            parts.append(literal)
        if position < len(text):
            tokens, position = read_expression(text, position + 2)
            parts.append(_Parser(tokens).parse())
    return Template(tuple(parts))


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._nesting = 0

    def parse(self) -> Node:
        node = self._expression()
        if self._token.kind != "end":
            raise self._unexpected("an operator or '}'")
        return node

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _is(self, *operators: str) -> bool:
        token = self._token
        return token.kind == "operator" and token.text in operators

    def _take(self) -> Token:
        token = self._token
        self._next += 1
        return token

    def _expect(self, operator: str) -> None:
        if not self._is(operator):
            raise self._unexpected(f"'{operator}'")
        self._next += 1

    def _unexpected(self, expected: str) -> CompileError:
        token = self._token
        found = "the end of the expression" if token.kind == "end" else f"'{token.text}'"
        return CompileError(f"Expected {expected}, but found {found} at character {token.position + 1}.")

    def _expression(self) -> Node:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise CompileError(f"Expected an expression nested at most {MAX_NESTING} deep, but it is deeper.")
        cases: list[tuple[Node, Node]] = []
        node = self._operators()
        while self._is("?"):
            self._take()
            then = self._expression()
            self._expect(":")
            cases.append((node, then))
            node = self._operators()
        self._nesting -= 1
        return Ternary(tuple(cases), node) if cases else node

    def _operators(self) -> Node:
        # Not one method per precedence: that would cost eight Python frames for each parenthesis.
        operands = [self._unary()]
        operators: list[str] = []
        while self._is(*_BINARY):
            operators.append(self._take().text)
            operands.append(self._unary())
        for level in reversed(_LEVELS):
            operands, operators = _fold(operands, operators, level)
        return operands[0]

    def _unary(self) -> Node:
        operators: list[str] = []
        while self._is("!", "-", "empty"):
            operators.append(self._take().text)
        operand = self._path()
        return Unary(tuple(reversed(operators)), operand) if operators else operand

    def _path(self) -> Node:
        base = self._primary()
        accesses: list[Access] = []
        while self._is(".", "["):
            if self._take().text == "[":
                accesses.append(Index(self._expression()))
                self._expect("]")
                continue
            name = self._member_name()
            if self._is("("):
                accesses.append(MethodCall(name, self._arguments()))
            else:
                accesses.append(Property(name))
        return Path(base, tuple(accesses)) if accesses else base

    def _member_name(self) -> str:
        # The lexer has replaced `eq`, `not`, `empty` ...: behind a dot they are names (`map.empty`, `value.eq`).
        token = self._token
        if token.kind == "name":
            return self._take().text
        if token.word is not None:
            self._take()
            return token.word
        raise self._unexpected("the name of a property or method")

    def _primary(self) -> Node:
        token = self._token
        if token.kind == "string":
            return Literal(self._take().text)
        if token.kind == "number":
            return Literal(_number(self._take().text))
        if token.kind == "name":
            return self._name()
        if self._is("("):
            self._take()
            node = self._expression()
            self._expect(")")
            return node
        raise self._unexpected("a value")

    def _name(self) -> Node:
        name = self._take().text
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name])
        if name == "instanceof":
            raise CompileError(
                "Expected an operator that JUEL evaluates, but 'instanceof' is only reserved.",
                code="EXPRESSION_UNSUPPORTED",
            )
        if self._is(":") and self._is_prefix():
            self._take()
            member = self._take()
            name = f"{name}:{member.word or member.text}"
            return FunctionCall(name, self._arguments())
        if self._is("("):
            return FunctionCall(name, self._arguments())
        return Identifier(name)

    def _is_prefix(self) -> bool:
        # `a ? b : c(x)` also has a name, a colon, a name and a parenthesis: a prefix has no space around its colon.
        before, colon, after = self._tokens[self._next - 1 : self._next + 2]
        return (
            after.kind in ("name", "operator")
            and (after.word or after.text)[:1].isalpha()
            and colon.position == before.position + len(before.text)
            and after.position == colon.position + 1
            and self._tokens[self._next + 2].text == "("
        )

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        arguments: list[Node] = []
        while not self._is(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._expression())
        self._take()
        return tuple(arguments)


def _fold(operands: list[Node], operators: list[str], level: frozenset[str]) -> tuple[list[Node], list[str]]:
    """Join operands around the operators of one precedence into chains; what remains binds less."""
    joined: list[Node] = []
    remaining: list[str] = []
    first, rest = operands[0], list[tuple[str, Node]]()
    for operator, operand in zip(operators, operands[1:], strict=True):
        if operator in level:
            rest.append((operator, operand))
            continue
        joined.append(Chain(first, tuple(rest)) if rest else first)
        remaining.append(operator)
        first, rest = operand, []
    joined.append(Chain(first, tuple(rest)) if rest else first)
    return joined, remaining


def _number(text: str) -> int | float:
    if text.isdigit():
        if len(text) > MAX_INT_BITS // 4:
            raise CompileError(f"Expected an integer of at most {MAX_INT_BITS // 4} digits, but it has {len(text)}.")
        return int(text)
    value = float(text)
    if value == float("inf"):
        raise CompileError(f"Expected a finite number, but found {text!r}.")
    return value
