"""Groovy, as far as it says the same as JavaScript: assignments, `def`, if/else, arithmetic, strings, `execution`.

Such a script is translated token by token and run by QuickJS with its limits. The translation only knows an allowlist
of words, operators and methods; anything else is a CompileError, never a guess.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

from bpmn.expressions.api import CompileError
from bpmn.expressions.execution import EXECUTION_METHODS
from bpmn.expressions.javascript.language import JavaScript, compile_javascript
from bpmn.expressions.limits import MAX_NESTING, check_text
from bpmn.expressions.task import TASK_METHODS, WRITABLE

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<import>import\s+org(?:\.\w+)+\.delegate\.BpmnError\s*;?)
    |(?P<newline>[;\n])
    |(?P<space>\s+)
    |(?P<error>throw\s+new\s+(?:org(?:\.\w+)+\.delegate\.)?BpmnError\b)
    |(?P<print>(?:System\.out\.|out:)?println\b)
    |(?P<number>[0-9]+(?:\.[0-9]+)?)[GgLlIiDdFf]?(?![\w.])
    |(?P<string>'(?:[^'\\\n]|\\.)*')
    |(?P<gstring>"(?:[^"\\\n]|\\.)*")
    |(?P<name>[^\W\d]\w*)
    |(?P<operator>===?|!==?|<=|>=|&&|\|\||\+=|-=|\?\.|\?:|/(?!\*)|[-+*%<>!?:.,()\[\]{}=])
    """,
    re.VERBOSE | re.DOTALL,
)
_DECLARATIONS = frozenset({"def", "var", "String", "int", "Integer", "long", "Long", "boolean", "Boolean", "Object"})
_KEYWORDS = frozenset({"if", "else", "true", "false", "null"})
_REFUSED_WORDS = (
    "as assert break case catch class continue default do enum extends finally for goto implements in instanceof "
    "interface new package return super switch this throw throws trait try while import const let function yield await"
)
_REFUSED = frozenset(_REFUSED_WORDS.split())
_OPERATORS = {"==": "===", "!=": "!==", "?:": "||"}
_METHODS = {
    "toUpperCase", "toLowerCase", "trim", "substring", "startsWith", "endsWith", "indexOf", "concat", "charAt",
    "toString", "equals", "contains", "isEmpty", "length", "size", "get", "getProcessInstanceId",
    "getProcessBusinessKey", "getBusinessKey", "getProcessDefinitionId", "getCurrentActivityId",
    "getCurrentActivityName", "getTenantId", "getEventName", "getCurrentTransitionId", "getTaskDefinitionKey", "getId",
    *(f"{verb}{name[0].upper()}{name[1:]}" for verb in ("get", "set") for name in WRITABLE),
}  # fmt: skip
# What Java's strings, lists and maps have and JavaScript's have not.
_LIBRARY = (
    "for (const [type, name, run] of ["
    "[String, 'equals', function (other) { return String(this) === other; }],"
    "[Number, 'equals', function (other) { return Number(this) === other; }],"
    "[Boolean, 'equals', function (other) { return Boolean(this) === Boolean(other); }],"
    "[String, 'contains', function (part) { return this.includes(part); }],"
    "[Array, 'contains', function (item) { return this.includes(item); }],"
    "[Array, 'size', function () { return this.length; }],"
    "[String, 'isEmpty', function () { return this.length === 0; }],"
    "[Array, 'isEmpty', function () { return this.length === 0; }],"
    "[Array, 'get', function (index) { return this[index]; }],"
    "]) Object.defineProperty(type.prototype, name, { value: run });"
)


def compile_groovy(text: str, *, auto_store: bool = False) -> JavaScript:
    """Compile an expression or script. Raises CompileError (LANGUAGE_UNSUPPORTED) for all but the shared subset.

    Variables without `def` are stored with `auto_store` only (as `flowable:autoStoreVariables`).
    """
    check_text(text, "Groovy")
    translated = _Translator(text).translate()
    try:
        script = compile_javascript(translated, auto_store=auto_store)
    except CompileError as error:
        raise _unsupported("what does not translate to JavaScript") from error
    return replace(script, text=text, library=_LIBRARY, language="groovy")


def _unsupported(what: str) -> CompileError:
    return CompileError(
        f"Expected Groovy that is only assignments, if/else, arithmetic, strings and execution.*, but found {what}.",
        code="LANGUAGE_UNSUPPORTED",
        hint="Use javascript, or move the work into a connector.",
    )


class _Translator:
    def __init__(self, text: str, nesting: int = 0) -> None:
        if nesting > MAX_NESTING:
            raise _unsupported("strings nested too deep")
        self._nesting = nesting
        self._tokens = self._read(text)
        self._out: list[str] = []

    def _read(self, text: str) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise _unsupported(repr(text[position : position + 10]))
            kind = match.lastgroup or ""
            if kind not in ("comment", "space", "import"):
                tokens.append((kind, match.group(kind)))
            position = match.end()
        return tokens

    def translate(self) -> str:
        final = self._start_of_last_statement()
        index = 0
        while index < len(self._tokens):
            index = self._one(index, final)
        return " ".join(self._out)

    def _start_of_last_statement(self) -> int:
        end = len(self._tokens)
        while end and self._tokens[end - 1][0] == "newline":
            end -= 1
        starts = [index + 1 for index in range(end) if self._tokens[index][0] == "newline"]
        return starts[-1] if starts else 0

    def _at(self, index: int) -> tuple[str, str]:
        return self._tokens[index] if 0 <= index < len(self._tokens) else ("end", "")

    def _one(self, index: int, final: int) -> int:
        kind, text = self._tokens[index]
        match kind:
            case "name":
                return self._name(index, text, final)
            case "string":
                self._out.append(json.dumps(_unescaped(text[1:-1])))
            case "gstring":
                self._out.append(self._interpolated(text[1:-1]))
            case "error":
                self._out.append("throw new BpmnError")
            case "print":
                return self._print(index)
            case "newline":
                self._out.append(text)
            case "operator":
                self._operator(index, text)
            case _:
                self._out.append(text)
        return index + 1

    def _operator(self, index: int, text: str) -> None:
        if text == "{" and self._before(index) not in (")", "else"):
            raise _unsupported("a closure")
        if text == ":" and "?" not in self._out:
            raise _unsupported("a map")
        if text in ("===", "!=="):
            raise _unsupported(f"'{text}'")
        self._out.append(_OPERATORS.get(text, text))

    def _before(self, index: int) -> str:
        index -= 1
        while index >= 0 and self._tokens[index][1] == "\n":
            index -= 1
        return self._at(index)[1]

    def _name(self, index: int, name: str, final: int) -> int:
        before, after = self._at(index - 1), self._at(index + 1)
        is_member = before[1] in (".", "?.")
        starts = before[0] in ("newline", "end") or before[1] in ("{", "}")
        if name == "return" and starts and index == final:
            return index + 1  # the value of the last statement is the script's value anyway
        if name in _DECLARATIONS and starts and after[0] == "name":
            # `def int sum`: one declaration
            skip = index + 2 if after[1] in _DECLARATIONS else index + 1
            if self._at(skip)[0] != "name":
                raise _unsupported(f"'{name}'")
            self._out.append("let")
            return skip
        if name in _REFUSED:
            raise _unsupported(f"'{name}'")
        if after[1] == "(":
            allowed = name in _METHODS or name in EXECUTION_METHODS or name in TASK_METHODS
            if name == "if" and not is_member:
                pass
            elif not is_member or not allowed:
                raise _unsupported(f"a call of '{name}'")
        elif after[0] in ("name", "string", "gstring", "number") and name not in _KEYWORDS:
            raise _unsupported(f"'{name} {after[1]}'")
        if name == "length" and is_member and after[1] == "(" and self._at(index + 2)[1] == ")":
            self._out.append("length")
            return index + 3
        self._out.append(name)
        return index + 1

    def _print(self, index: int) -> int:
        end = index + 1
        while self._at(end)[0] not in ("newline", "end") and self._at(end)[1] != "}":
            end += 1
        inner = _Translator("", self._nesting)
        inner._tokens = self._tokens[index + 1 : end]
        self._out.append(f"print({inner.translate() or 'null'})")
        return end

    def _interpolated(self, text: str) -> str:
        parts: list[str] = []
        position = 0
        for match in re.finditer(r"(?<!\\)\$(?:\{([^{}]*)\}|([^\W\d]\w*(?:\.[^\W\d]\w*)*))", text):
            parts.append(_literal(text[position : match.start()]))
            inner = match.group(1) if match.group(1) is not None else match.group(2)
            parts.append(f"({_Translator(inner, self._nesting + 1).translate()})")
            position = match.end()
        parts.append(_literal(text[position:]))
        return "(" + " + ".join(parts) + ")" if len(parts) > 1 else parts[0]


def _literal(text: str) -> str:
    """The part of a string between its expressions."""
    if re.search(r"(?<!\\)\$\{", text):
        raise _unsupported("braces within the expression of a string")
    return json.dumps(_unescaped(text))


def _unescaped(text: str) -> str:
    escapes = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda match: escapes.get(match.group(1), match.group(1)), text)
