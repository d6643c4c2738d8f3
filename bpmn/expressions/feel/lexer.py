"""Text of FEEL to tokens (DMN 1.5, 10.3.1.2, grammar rules 27 to 39). Comments are left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bpmn.expressions.api import CompileError

NAME, NUMBER, STRING, OPERATOR, END = "name", "number", "string", "operator", "end"

_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_PART = _START + "0-9\u00b7\u0300-\u036f\u203f-\u2040"
_SPACE = "\\s\u0085\u00a0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
_TOKEN = re.compile(
    rf"""(?>[{_SPACE}]|//[^\r\n]*|/\*.*?\*/)*+
    (?:(?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![{_PART}]))
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<quoted>`[^`]*`)
    |(?P<name>[{_START}][{_PART}]*|\?)
    |(?P<operator>!=|<=|>=|\*\*|->|\.\.|[-+*/=<>().,\[\]{{}}:@'’])
    |(?P<end>\Z))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:([nrt'\"\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6}))")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Token:
    """`text` of a string or quoted name is what it stands for; `start` and `end` are places in the source."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """All tokens, the last of them END. Raises CompileError (EXPRESSION_SYNTAX) where the text has none."""
    found: list[Token] = []
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            raise CompileError(f"Expected FEEL, but found {text[position:].strip()[:20]!r}.")
        kind = match.lastgroup or END
        content, start, position = match.group(kind), match.start(kind), match.end()
        if content == "/" and text.startswith("*", position):
            # Looked for once: every further one would look through the rest of the text again.
            raise CompileError(f"Expected '*/' to close the comment at {text[start : start + 20]!r}.")
        if kind == "quoted":
            kind, content = NAME, content[1:-1]
        elif kind == STRING:
            content = unescaped(content[1:-1])
        found.append(Token(kind, content, start, position))
        if kind == END:
            return found


def unescaped(content: str) -> str:
    """What stands between the quotes, with its escapes resolved; a backslash before anything else is itself."""
    if "\\" not in content:
        return content
    plain = _ESCAPE.sub(_character, content)
    if any("\ud800" <= character <= "\udfff" for character in plain):
        try:  # two escapes of UTF-16 make one character
            plain = plain.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError as error:
            raise CompileError(f"Expected a valid FEEL string, but found {content[:40]!r}.") from error
    return plain


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return _ESCAPED.get(match[1], match[1])
    code = int(match[2] or match[3], 16)
    if code > 0x10FFFF:
        raise CompileError(f"Expected a Unicode character, but found {match[0]!r} in FEEL.")
    return chr(code)
