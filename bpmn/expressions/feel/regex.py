"""Regular expressions of XPath (F&O 3.1, 5.6), which FEEL uses, run by QuickJS within its time limit.

Python's `re` cannot be interrupted. What XPath writes otherwise than JavaScript is translated: subtraction in classes,
`\\i` and `\\c`, blocks, the flags `x` and `q`, references in replacements. None where pattern or flags are wrong.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from bpmn.expressions.api import EvaluationError
from bpmn.expressions.limits import MAX_PATTERN
from bpmn.expressions.patterns import run_pattern

_SYNTAX = frozenset(".^$*+?()[]{}|\\")
_SINGLE = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPABLE = frozenset("\\|.?*+(){}$-[]^/ ")
_CLASSES = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "s": r"[ \t\n\r]",
    "S": r"[^ \t\n\r]",
    "w": r"[^\p{P}\p{Z}\p{C}]",
    "W": r"[\p{P}\p{Z}\p{C}]",
    "i": r"[\p{L}\p{Nl}_:]",
    "I": r"[^\p{L}\p{Nl}_:]",
    "c": r"[\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}_:.\u{b7}\u{2d}]",
    "C": r"[^\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}_:.\u{b7}\u{2d}]",
}
_BLOCKS = {
    "BasicLatin": (0x0000, 0x007F),
    "Latin-1Supplement": (0x0080, 0x00FF),
    "LatinExtended-A": (0x0100, 0x017F),
    "LatinExtended-B": (0x0180, 0x024F),
    "IPAExtensions": (0x0250, 0x02AF),
    "CombiningDiacriticalMarks": (0x0300, 0x036F),
    "Greek": (0x0370, 0x03FF),
    "GreekandCoptic": (0x0370, 0x03FF),
    "Cyrillic": (0x0400, 0x04FF),
    "Armenian": (0x0530, 0x058F),
    "Hebrew": (0x0590, 0x05FF),
    "Arabic": (0x0600, 0x06FF),
    "Devanagari": (0x0900, 0x097F),
    "Thai": (0x0E00, 0x0E7F),
    "GeneralPunctuation": (0x2000, 0x206F),
    "CurrencySymbols": (0x20A0, 0x20CF),
    "MathematicalOperators": (0x2200, 0x22FF),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "HangulSyllables": (0xAC00, 0xD7A3),
}
_CATEGORY = re.compile(r"L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfon]?")
_QUANTIFIER = re.compile(r"\{\d+(,\d*)?\}")


class _Wrong(Exception):
    """The pattern is no regular expression of XPath."""


def matches(text: str, pattern: str, flags: str | None = None) -> bool | None:
    """Whether some part of the text matches."""
    compiled = _translated(pattern, flags or "")
    if compiled is None:
        return None
    return bool(run_pattern(f"{_regex(compiled, '')}.test({json.dumps(text)})", pattern))


def replace(text: str, pattern: str, replacement: str, flags: str | None = None) -> str | None:
    """Every match replaced. None for a pattern that matches the empty text, as in XPath."""
    compiled = _translated(pattern, flags or "")
    literal = "q" in (flags or "")
    parts = None if compiled is None else _replacement(replacement, compiled[2], literal=literal)
    if compiled is None or parts is None or run_pattern(f"{_regex(compiled, '')}.test('')", pattern):
        return None
    script = f"{json.dumps(text)}.replace({_regex(compiled, 'g')}, (...found) => {parts})"
    return str(run_pattern(script, pattern))


def split(text: str, pattern: str) -> list[str] | None:
    """The parts between the matches."""
    if pattern and _SYNTAX.isdisjoint(pattern):
        return text.split(pattern)
    compiled = _translated(pattern, "")
    if compiled is None:
        return None
    script = (
        f"(() => {{ const text = {json.dumps(text)}, parts = []; let from = 0;"
        f"for (const found of text.matchAll({_regex(compiled, 'g')})) {{"
        "if (found[0] === '' && (found.index === 0 || found.index >= text.length)) continue;"
        "parts.push(text.slice(from, found.index)); from = found.index + found[0].length }"
        "parts.push(text.slice(from)); return JSON.stringify(parts) })()"
    )
    return [str(part) for part in json.loads(str(run_pattern(script, pattern)))]


def extract(text: str, pattern: str) -> list[str] | None:
    """All matches."""
    compiled = _translated(pattern, "")
    if compiled is None:
        return None
    script = f"JSON.stringify(Array.from({json.dumps(text)}.matchAll({_regex(compiled, 'g')}), found => found[0]))"
    return [str(part) for part in json.loads(str(run_pattern(script, pattern)))]


def _regex(compiled: tuple[str, str, int], flags: str) -> str:
    source, own, _ = compiled
    return f"new RegExp({json.dumps(source)}, {json.dumps(own + flags)})"


def _replacement(text: str, groups: int, *, literal: bool) -> str | None:
    """The replacement as an expression of JavaScript over `found`."""
    if literal:
        return json.dumps(text)
    parts: list[str] = []
    at = 0
    while at < len(text):
        character = text[at]
        if character == "\\":
            if text[at + 1 : at + 2] not in ("\\", "$"):
                return None
            parts.append(json.dumps(text[at + 1]))
            at += 2
        elif character == "$":
            digits = re.match(r"[0-9]+", text[at + 1 :], re.ASCII)
            if digits is None:
                return None
            number = digits[0][0]
            while len(number) < len(digits[0]) and int(digits[0][: len(number) + 1]) <= groups:
                number = digits[0][: len(number) + 1]
            parts.append(f'(found[{number}] ?? "")' if int(number) <= groups else '""')
            at += 1 + len(number)
        else:
            end = at
            while end < len(text) and text[end] not in "\\$":
                end += 1
            parts.append(json.dumps(text[at:end]))
            at = end
    return " + ".join(parts) or '""'


@lru_cache(maxsize=1024)
def _translated(pattern: str, flags: str) -> tuple[str, str, int] | None:
    """Source and flags for JavaScript and the number of groups; None where the pattern is wrong."""
    if not set(flags) <= set("smixq"):
        return None
    if len(pattern) > MAX_PATTERN:
        raise EvaluationError(
            f"Expected a regular expression of at most {MAX_PATTERN} characters, but it has {len(pattern)}."
        )
    own = "v" + "".join(sorted(set(flags) & set("smi")))
    if "q" in flags:
        return "".join(_literal(character) for character in pattern), own.replace("m", ""), 0
    translator = _Translator(pattern, dotall="s" in flags, free="x" in flags)
    try:
        source = translator.translate()
        run_pattern(f"new RegExp({json.dumps(source)}, {json.dumps(own)}) && 1", pattern)
    except (_Wrong, EvaluationError):
        return None
    return source, own, translator.groups


def _literal(character: str) -> str:
    if character.isascii() and (character.isalnum() or character == "_"):
        return character
    return f"\\u{{{ord(character):x}}}"


class _Translator:
    def __init__(self, pattern: str, *, dotall: bool, free: bool) -> None:
        self._text = pattern
        self._at = 0
        self._dotall = dotall
        self._free = free
        self.groups = 0

    def translate(self) -> str:
        out: list[str] = []
        while self._at < len(self._text):
            out.append(self._part())
        return "".join(out)

    def _part(self) -> str:
        character = self._text[self._at]
        if character == "\\":
            return self._escape(in_class=False)
        if character == "[":
            return self._class()
        if character == "{":
            match = _QUANTIFIER.match(self._text, self._at)
            if match is None:
                raise _Wrong
            self._at = match.end()
            return match[0]
        self._at += 1
        if character == "(":
            self.groups += self._text[self._at : self._at + 1] != "?"
            return character
        if character == ".":
            return "." if self._dotall else "[^\\n\\r]"
        if character in ")*+?|^$":
            return character
        if character in "]}":
            raise _Wrong
        if self._free and character in " \t\n\r":
            return ""
        return _literal(character)

    def _escape(self, *, in_class: bool) -> str:
        following = self._text[self._at + 1 : self._at + 2]
        self._at += 2
        if following in _SINGLE:
            return _literal(_SINGLE[following])
        if following in _CLASSES:
            return _CLASSES[following]
        if following in ("p", "P"):
            return self._property(negated=following == "P")
        if following.isdigit() and following != "0" and not in_class:
            return f"\\{following}(?:)"
        if following in ("b", "B") and not in_class:  # Java's, which models of Camunda use
            return f"\\{following}"
        if following and following in _ESCAPABLE:
            return _literal(following)
        raise _Wrong

    def _property(self, *, negated: bool) -> str:
        end = self._text.find("}", self._at)
        if self._text[self._at : self._at + 1] != "{" or end < 0:
            raise _Wrong
        name = self._text[self._at + 1 : end]
        self._at = end + 1
        if name.startswith("Is"):
            if name[2:] not in _BLOCKS:
                raise _Wrong
            first, last = _BLOCKS[name[2:]]
            return f"[{'^' if negated else ''}\\u{{{first:x}}}-\\u{{{last:x}}}]"
        if not _CATEGORY.fullmatch(name):
            raise _Wrong
        return f"\\{'P' if negated else 'p'}{{{name}}}"

    def _class(self) -> str:
        """`[a-z-[aeiou]]`: members, and another class that is taken away."""
        self._at += 1
        negated = self._text[self._at : self._at + 1] == "^"
        self._at += negated
        members: list[str] = []
        taken = ""
        while True:
            character = self._text[self._at : self._at + 1]
            if not character:
                raise _Wrong
            if character == "]" and members:
                self._at += 1
                break
            if character == "-" and self._text[self._at + 1 : self._at + 2] == "[" and members:
                self._at += 1
                taken = self._class()
                if self._text[self._at : self._at + 1] != "]":
                    raise _Wrong
                self._at += 1
                break
            members.append(self._member())
        plain = f"[{'^' if negated else ''}{''.join(members)}]"
        return f"[{plain}--{taken}]" if taken else plain

    def _member(self) -> str:
        first = self._class_character()
        following = self._text[self._at + 1 : self._at + 2]
        if self._text[self._at : self._at + 1] != "-" or following in ("]", "[", ""):
            return first
        self._at += 1
        last = self._class_character()
        if len(first) > 1 and not first.startswith("\\u"):
            raise _Wrong
        return f"{first}-{last}"

    def _class_character(self) -> str:
        character = self._text[self._at]
        if character == "\\":
            return self._escape(in_class=True)
        if character == "[":
            raise _Wrong
        self._at += 1
        return _literal(character)
