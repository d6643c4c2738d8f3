"""Limits on uploaded documents, enforced while the text is scanned and before any tree is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree

_CHUNK = 1 << 16

PARSER_OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "no_network": True,
    "recover": False,
    # libxml2's fixed limits are replaced by the ones below: 256 levels are too few for nested sub-processes.
    "huge_tree": True,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may be at most."""

    max_bytes: int = 20 * 1024 * 1024
    max_depth: int = 1_200
    """Nesting of XML elements. libxml2's own limit (256) would refuse models of 500 nested sub-processes."""
    max_elements: int = 200_000


class LimitExceeded(Exception):
    """The document breaks a limit or has a DOCTYPE. `code` is the finding's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _Guard:
    """Parser target that counts elements and depth, keeps nothing, and stops the parser at the first DOCTYPE."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._depth = 0
        self._elements = 0

    def start(self, tag: str | bytes, attrib: dict[str | bytes, str | bytes]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > self._limits.max_depth:
            raise LimitExceeded(
                "XML_TOO_DEEP",
                f"Expected elements nested at most {self._limits.max_depth} deep, but found deeper ones.",
            )
        if self._elements > self._limits.max_elements:
            raise LimitExceeded(
                "XML_TOO_MANY_ELEMENTS", f"Expected at most {self._limits.max_elements} elements, but found more."
            )

    def end(self, tag: str | bytes) -> None:
        self._depth -= 1

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise LimitExceeded("XML_DOCTYPE", f"Expected a document without DOCTYPE, but found one for '{name}'.")

    def data(self, data: str | bytes) -> None:
        """Text is of no interest."""

    def comment(self, text: str | bytes) -> None:
        """Nor are comments."""

    def close(self) -> None:
        return None


def guard(data: bytes, limits: Limits) -> None:
    """Scan the document once without building it.

    Raises LimitExceeded where a limit is broken or a DOCTYPE is declared (so that neither entities nor external
    subsets are ever looked at), and lxml's XMLSyntaxError where the text is not well-formed.
    """
    if len(data) > limits.max_bytes:
        raise LimitExceeded(
            "XML_TOO_LARGE", f"Expected a document of at most {limits.max_bytes} bytes, but it has {len(data)}."
        )
    parser = etree.XMLParser(target=_Guard(limits), **PARSER_OPTIONS)
    for start in range(0, len(data), _CHUNK):
        parser.feed(data[start : start + _CHUNK])
    parser.close()
