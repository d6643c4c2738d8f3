"""What can be seen in a script's text without running it: names it mentions, Java it needs."""

from __future__ import annotations

import re

from bpmn.expressions.api import CompileError

# A script mentions a superset of the variables it reads: strings are looked into, names behind a dot are not.
_NAME = re.compile(r"(?:(?<![\w$.])|(?<=\.\.\.))[^\W\d][\w$]*")
_LITERAL_READ = re.compile(r"\bgetVariable(?:Local|Typed)?\s*\(\s*(?:\"([^\"\\]*)\"|'([^'\\]*)')")
_READ = re.compile(r"\bgetVariable\w*")
_ANY_NAME = re.compile(r"\bglobalThis\b|\bthis\s*\[|\beval\b|\bFunction\b|\bexecution\s*\[|\bwith\s*\(")
_NAMES = re.compile(r"\b(?:hasVariable|getVariableNames|getVariables)")
# Comments and strings that nobody closes end with the line or the text: starting over at each quote would be quadratic.
_TEXT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?", re.DOTALL)
_JAVA = re.compile(
    r"(?<![\w$.])((?:Packages|JavaImporter|importClass|importPackage)(?![\w$])|javax?\s*\.\s*\w+|com\s*\.\s*sun\b)"
)
_JAVA_TYPE = re.compile(
    r"(?<![\w$.])Java\s*\.\s*type\s*\(\s*['\"](?!org\.\w+(?:\.\w+)*\.delegate\.BpmnError['\"])([^'\"]*)"
)
_KEYWORDS = (
    "arguments async await break case catch class const continue debugger default delete do else export extends false "
    "finally for function if import in instanceof let new null of return static super switch this throw true try "
    "typeof undefined var void while with yield"
)
_LIBRARY = (
    "execution BpmnError S JSON Math Date Object Array String Number Boolean RegExp Error TypeError RangeError Map Set "
    "Infinity NaN parseInt parseFloat isNaN isFinite console print org Java encodeURIComponent decodeURIComponent "
    "Symbol Promise BigInt globalThis eval Function"
)
_RESERVED = frozenset(f"{_KEYWORDS} {_LIBRARY}".split())


def mentioned_names(text: str) -> frozenset[str] | None:
    """Names that may be variables the script reads; None where it computes names."""
    literal = _LITERAL_READ.findall(text)
    if len(_READ.findall(text)) > len(literal) or _ANY_NAME.search(text):
        return None
    names = {name for name in _NAME.findall(text) if name not in _RESERVED}
    return frozenset(names | {double or single for double, single in literal})


def needs_names(text: str) -> bool:
    """Whether the script may ask which variables there are."""
    return _NAMES.search(text) is not None


def check_no_java(text: str) -> None:
    """Refuse what only a JVM has. Raises CompileError (EXPRESSION_UNSUPPORTED)."""
    bare = _TEXT.sub(lambda match: " " if match.group().startswith("/") else "''", text)
    found = _JAVA.search(bare)
    java_type = _JAVA_TYPE.search(text)
    if found is None and java_type is None:
        return
    what = found.group(1) if found is not None else java_type.group(1) if java_type is not None else ""
    raise CompileError(
        f"Expected JavaScript without Java classes, but found {what.strip()!r}.",
        code="EXPRESSION_UNSUPPORTED",
        hint="Use JavaScript's own functions, or move the work into a connector.",
    )
