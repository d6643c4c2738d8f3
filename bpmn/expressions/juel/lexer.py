"""Text to tokens: first the template, then what stands between the braces."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bpmn.expressions.api import CompileError

WORD_OPERATORS = {
    "or": "||",
    "and": "&&",
    "not": "!",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "div": "/",
    "mod": "%",
    "empty": "empty",
}
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<name>[^\W\d][\w$]*|\$[\w$]*)
  | (?P<operator>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]])
  | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<end>\})
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    """`number`, `name`, `operator`, `string` or `end` (the closing brace)."""
    text: str
    position: int
    word: str | None = None
    """How an operator was written where it was a word (`eq`): behind a dot it is a name."""


def read_expression(text: str, start: int) -> tuple[list[Token], int]:
    """Tokens from `start` (behind `${`) up to and with the closing brace, and the position behind it."""
    tokens: list[Token] = []
    position = start
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise CompileError(f"Expected an expression, but found {text[position]!r} at character {position + 1}.")
        kind = match.lastgroup or ""
        if kind == "name" and match.group() in WORD_OPERATORS:
            tokens.append(Token("operator", WORD_OPERATORS[match.group()], position, match.group()))
        elif kind == "string":
            tokens.append(Token("string", _unescape(match.group()), position))
        elif kind != "space":
            tokens.append(Token(kind, match.group(), position))
        position = match.end()
        if kind == "end":
            return tokens, position
    raise CompileError(f"Expected a closing '}}' for the expression that begins at character {start + 1}.")


def read_literal(text: str, start: int) -> tuple[str, int]:
    """Text up to the next `${` or `#{` (or the end), escapes (`\\${`) resolved, and the position there."""
    parts: list[str] = []
    position = start
    while position < len(text):
        character = text[position]
        if character == "\\" and text[position + 1 : position + 3] in ("${", "#{"):
            parts.append(text[position + 1 : position + 3])
            position += 3
        elif character in "$#" and text[position + 1 : position + 2] == "{":
            break
        else:
            parts.append(character)
            position += 1
    return "".join(parts), position


def _unescape(quoted: str) -> str:
    def replace(match: re.Match[str]) -> str:
        if match.group(1) not in "\\\"'":
            raise CompileError(f"Expected one of \\\\ \\\" \\' as escape in a string, but found '{match.group()}'.")
        return match.group(1)

    return _ESCAPE.sub(replace, quoted[1:-1]) if "\\" in quoted else quoted[1:-1]
