"""Which language a piece of text in the document is written in."""

from __future__ import annotations

import re

from lxml import etree

from bpmn.model.base import Dialect, Expression
from bpmn.xml.context import Context
from bpmn.xml.node import line_of, text_of

_NAMES = {
    "js": "javascript",
    "ecmascript": "javascript",
    "text/javascript": "javascript",
    "application/javascript": "javascript",
    "graal.js": "javascript",
    "nashorn": "javascript",
    "text/python": "python",
    "py": "python",
    "jython": "python",
    "python3": "python",
    "uel": "juel",
    "el": "juel",
    "text/groovy": "groovy",
}
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")
_TIME_VALUE = re.compile(r"(R\d*/|-?P[\dT]|\d|[0-9*/?,\-]+\s+\S+\s+\S+)")


def normalise(language: str | None) -> str | None:
    """bpmnd's name of a language as models write it (`ECMAScript`, the URI of FEEL ...); None for none."""
    name = (language or "").strip().lower()
    if not name:
        return None
    if name in _NAMES:
        return _NAMES[name]
    uri = name.rstrip("/")
    if uri == "feel" or (uri.startswith("http") and uri.endswith("/feel")):
        return "feel"
    if "xpath" in uri and uri.startswith("http"):
        return "xpath"
    if uri.startswith("http") and "groovy" in uri:
        return "groovy"
    return name


def document_language(uri: str | None) -> str | None:
    """Language of `definitions/@expressionLanguage`, None where it says nothing.

    XPath is the standard's default (BPMN 2.0.2, chapter 8, Definitions) and XHTML means natural language: tools
    write both without anybody having meant them.
    """
    language = normalise(uri)
    return None if language == "xpath" or (language or "").endswith("/xhtml") else language


def is_juel(text: str) -> bool:
    return "${" in text or "#{" in text


def attribute(text: str | None, line: int | None) -> Expression | None:
    """A vendor attribute of Camunda 7, Flowable, Activiti: JUEL where it has `${` or `#{`, else the text itself."""
    if text is None or not text.strip():
        return None
    return Expression(text=text.strip(), language="juel" if is_juel(text) else "literal", line=line)


def zeebe(text: str | None, line: int | None) -> Expression | None:
    """A value of Camunda 8: FEEL after `=`, else the text itself."""
    if text is None or not text.strip():
        return None
    stripped = text.strip()
    if stripped.startswith("="):
        return Expression(text=stripped[1:].strip(), language="feel", line=line)
    return Expression(text=stripped, language="literal", line=line)


def literal(text: str | None, line: int | None) -> Expression | None:
    """The text itself is the value."""
    return None if text is None or not text.strip() else Expression(text=text.strip(), language="literal", line=line)


def variable(name: str, line: int | None) -> Expression:
    """The value of the variable, whatever its name is made of."""
    name = name.strip()
    if _NAME.match(name):
        return Expression(text=f"${{{name}}}", language="juel", line=line)
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return Expression(text=f"${{execution.getVariable('{quoted}')}}", language="juel", line=line)


def variable_or_expression(text: str | None, line: int | None) -> Expression | None:
    """A collection as vendors write it: an expression, or the bare name of a variable."""
    if text is None or not text.strip():
        return None
    return attribute(text, line) if is_juel(text) else variable(text, line)


def script(text: str, language: str | None, context: Context, line: int | None) -> Expression:
    """A script; where the document names no language, the dialect's default (JUEL in the camunda family)."""
    default = "juel" if context.dialect in (Dialect.CAMUNDA, Dialect.FLOWABLE) else "python"
    return Expression(text=text, language=normalise(language) or default, line=line)


def _language(text: str, given: str | None, context: Context) -> str:
    own = normalise(given)
    if is_juel(text) and own in (None, "xpath"):
        return "juel"
    if own is not None:
        return own
    if text.startswith("="):
        return "feel"
    if context.expression_language is not None:
        return context.expression_language
    match context.dialect:
        case Dialect.ZEEBE:
            return "feel"
        case Dialect.CAMUNDA | Dialect.FLOWABLE:
            return "literal"
        case _:
            return "python"


def formal(element: etree._Element | None, context: Context) -> Expression | None:
    """A `tExpression` of the document (cardinality, assignment ...); None where it is absent or blank.

    The element's own `language` decides, then `${`/`#{` or a leading `=` in the text, then the document's
    `expressionLanguage`, then the dialect.
    """
    if element is None:
        return None
    text = text_of(element).strip()
    if not text:
        return None
    language = _language(text, element.get("language"), context)
    if language == "feel" and text.startswith("="):
        text = text[1:].strip()
    return Expression(text=text, language=language, line=line_of(element))


def condition(element: etree._Element | None, context: Context) -> Expression | None:
    """A condition. The bare words `true` and `false` are conditions in every language."""
    expression = formal(element, context)
    if expression is not None and expression.text.lower() in ("true", "false"):
        return Expression(text=f"${{{expression.text.lower()}}}", language="juel", line=expression.line)
    return expression


def number(element: etree._Element | None, context: Context) -> Expression | None:
    """A number or an expression of one."""
    expression = formal(element, context)
    if expression is not None and expression.text.isdecimal():
        return Expression(text=expression.text, language="literal", line=expression.line)
    return expression


def time(element: etree._Element | None, context: Context) -> Expression | None:
    """A date, duration or cycle: what looks like one is the value itself, whatever language the document declares."""
    expression = formal(element, context)
    if expression is None or element is None or expression.language == "juel":
        return expression
    if _TIME_VALUE.match(expression.text) and not text_of(element).strip().startswith("="):
        return Expression(text=expression.text, language="literal", line=expression.line)
    return expression


def split_list(text: str) -> list[str]:
    """Parts of a comma-separated list; commas inside brackets and quotes do not separate."""
    parts: list[str] = []
    depth, start, quote = 0, 0, ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif depth and character in "'\"":
            quote = character
        elif character in "({[":
            depth += 1
        elif character in ")}]":
            depth -= 1
        elif character == "," and depth <= 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def attribute_list(text: str | None, line: int | None) -> tuple[Expression, ...]:
    """A comma-separated vendor attribute: one expression per part."""
    found = (attribute(part, line) for part in split_list(text or ""))
    return tuple(expression for expression in found if expression is not None)


def zeebe_list(text: str | None, line: int | None) -> tuple[Expression, ...]:
    """A list of Camunda 8: one FEEL expression of a list, or literals separated by commas."""
    stripped = (text or "").strip()
    if stripped.startswith("="):
        expression = zeebe(stripped, line)
        return () if expression is None else (expression,)
    found = (literal(part, line) for part in split_list(stripped))
    return tuple(expression for expression in found if expression is not None)
