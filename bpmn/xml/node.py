"""One XML element as the readers see it: attributes and children by kind, and what of the vendors' was not read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypedDict

from lxml import etree

from bpmn.findings import Severity
from bpmn.xml.context import Context
from bpmn.xml.extensions import verdicts
from bpmn.xml.namespaces import BPMN, PREFIXES, VENDORS, Vendor, split

_NEVER_READ = frozenset({"documentation", "extensionElements", "incoming", "outgoing", "auditing", "monitoring"})
"""BPMN children every element may have. Flows are read from `sequenceFlow`, as all engines do."""


class Common(TypedDict):
    """Arguments that every `Element` of the model takes."""

    id: str
    name: str | None
    line: int | None
    documentation: str | None


class Node:
    """A BPMN element being read. What readers ask for counts as read; `report_unread` tells about the rest.

    `owner` is the flow element that findings name where the element itself (an event definition, a loop) is only
    a part of one.
    """

    __slots__ = (
        "_attributes", "_children", "_extensions", "_id", "_read",
        "context", "element", "line", "owner", "tag",
    )  # fmt: skip

    def __init__(self, context: Context, element: etree._Element, owner: Node | None = None) -> None:
        self.context = context
        self.element = element
        self.owner = owner
        self.tag = split(str(element.tag))[1]
        self.line: int | None = line_of(element)
        self._id: str | None = None
        self._attributes: dict[tuple[Vendor, str], tuple[str, str]] = {}
        for name, value in element.attrib.items():
            if str(name)[:1] == "{":
                namespace, local = split(str(name))
                if namespace in VENDORS:
                    self._attributes[VENDORS[namespace], local] = (namespace, str(value))
        self._children: dict[str, list[etree._Element]] = {}
        self._extensions: dict[tuple[Vendor, str], list[etree._Element]] = {}
        for child in element:
            namespace, local = split(str(child.tag))
            if namespace == BPMN:
                self._children.setdefault(local, []).append(child)
                if local == "extensionElements":
                    self._collect_extensions(child)
        self._read: set[object] = set()

    def _collect_extensions(self, extensions: etree._Element) -> None:
        for child in extensions:
            namespace, local = split(str(child.tag))
            if namespace in VENDORS:
                self._extensions.setdefault((VENDORS[namespace], local), []).append(child)

    # -- the element itself

    @property
    def id(self) -> str:
        """The element's id; a generated one where the document has none."""
        if self._id is None:
            given = (self.element.get("id") or "").strip()
            self._id = given or self.context.generated_id(self.tag, self.line)
        return self._id

    @property
    def own_id(self) -> str | None:
        """The id as written, None where there is none."""
        return (self.element.get("id") or "").strip() or None

    @property
    def name(self) -> str | None:
        return self.element.get("name")

    def common(self) -> Common:
        """Arguments shared by all elements of the model."""
        documentation = [text for child in self._children.get("documentation", ()) if (text := text_of(child).strip())]
        return {
            "id": self.id,
            "name": self.name,
            "line": self.line,
            "documentation": "\n\n".join(documentation) or None,
        }

    def attribute(self, name: str) -> str | None:
        """An attribute of BPMN's own; None where absent or blank."""
        return (self.element.get(name) or "").strip() or None

    def flag(self, name: str, default: bool) -> bool:
        """A boolean attribute."""
        return boolean(self.element.get(name), default)

    def number(self, name: str, default: int) -> int:
        """An integer attribute; the default where it is absent or no number (a schema finding says so)."""
        text = self.attribute(name)
        try:
            return default if text is None else int(text)
        except ValueError:
            return default

    def ref(self, name: str) -> str | None:
        """An attribute that refers to another element: the id, without the prefix of a qualified name."""
        return reference(self.element.get(name), self.element)

    # -- BPMN children

    def children(self, tag: str) -> list[etree._Element]:
        """BPMN children of that name."""
        self._read.add(tag)
        return self._children.get(tag, [])

    def child(self, tag: str) -> etree._Element | None:
        """The first BPMN child of that name."""
        found = self.children(tag)
        return found[0] if found else None

    def child_ref(self, tag: str) -> str | None:
        """Text of the first child of that name, as a reference."""
        child = self.child(tag)
        return None if child is None else reference(text_of(child), child)

    def child_refs(self, tag: str) -> tuple[str, ...]:
        """Texts of all children of that name, as references."""
        found = (reference(text_of(child), child) for child in self.children(tag))
        return tuple(ref for ref in found if ref is not None)

    def part(self, element: etree._Element) -> Node:
        """A child as a part of this element: findings about it name this element."""
        return Node(self.context, element, self.owner or self)

    # -- the vendors' attributes and children

    def vendor(self, vendor: Vendor, *names: str) -> str | None:
        """Value of the first of these vendor attributes (aliases) that is there and not blank."""
        found: str | None = None
        for name in names:
            self._read.add((vendor, name))
            entry = self._attributes.get((vendor, name))
            if found is None and entry is not None and entry[1].strip():
                found = entry[1]
        return found

    def camunda(self, *names: str) -> str | None:
        """An attribute of the family camunda/flowable/activiti."""
        return self.vendor(Vendor.CAMUNDA, *names)

    def camunda_flag(self, name: str, default: bool) -> bool:
        return boolean(self.camunda(name), default)

    def extensions(self, vendor: Vendor, name: str) -> list[etree._Element]:
        """Children of `extensionElements` of that vendor and name."""
        self._read.add((vendor, name, "element"))
        return self._extensions.get((vendor, name), [])

    def extension(self, vendor: Vendor, name: str) -> etree._Element | None:
        found = self.extensions(vendor, name)
        return found[0] if found else None

    # -- findings

    def report(self, severity: Severity, code: str, message: str, hint: str, line: int | None = None) -> None:
        """A finding about this element, or about the element it is a part of."""
        named = self.owner or self
        self.context.report(
            severity, code, message, hint, element_id=named.id, element_name=named.name, line=line or self.line
        )

    def report_unread(self) -> None:
        """Findings for the vendors' attributes and children, and BPMN's children, that no reader asked for."""
        for (vendor, name), (namespace, _) in self._attributes.items():
            if (vendor, name) not in self._read:
                verdict = verdicts.attribute(vendor, name)
                if verdict is not None:
                    self._report_verdict(verdict, f"attribute '{PREFIXES[namespace]}:{name}'", self.line)
        for (vendor, name), elements in self._extensions.items():
            if (vendor, name, "element") not in self._read:
                verdict = verdicts.element(vendor, name)
                if verdict is not None:
                    for element in elements:
                        prefix = PREFIXES[split(str(element.tag))[0]]
                        self._report_verdict(verdict, f"element '{prefix}:{name}'", line_of(element))
        for tag, elements in self._children.items():
            if tag not in self._read and tag not in _NEVER_READ:
                named = self.owner or self
                self.report(
                    Severity.WARNING,
                    "UNKNOWN_ELEMENT",
                    f"Expected only elements bpmnd knows in '{named.id}', but found '{tag}', which is not read.",
                    "Remove it where it has no meaning; where it has one, this model does not run as drawn.",
                    line_of(elements[0]),
                )

    def _report_verdict(self, verdict: verdicts.Verdict, what: str, line: int | None) -> None:
        named = self.owner or self
        self.report(
            verdict.severity,
            verdict.code,
            f"Expected extensions that bpmnd executes in '{named.id}', but the {what} {verdict.reason}.",
            verdict.hint,
            line,
        )


def text_of(element: etree._Element) -> str:
    """All text inside the element, markup left out."""
    if len(element) == 0:
        return element.text or ""
    return "".join(str(part) for part in element.itertext())


def line_of(element: etree._Element) -> int | None:
    """The line of the element's start tag in the document."""
    line: Any = element.sourceline
    return line if isinstance(line, int) else None


def boolean(text: str | None, default: bool) -> bool:
    """An `xsd:boolean`; the default where it is absent or something else."""
    value = (text or "").strip().lower()
    if value in ("true", "1"):
        return True
    if value in ("false", "0"):
        return False
    return default


def reference(text: str | None, element: etree._Element) -> str | None:
    """The id a reference means: trimmed, and without a prefix that is declared (`tns:order` -> `order`)."""
    ref = (text or "").strip()
    if not ref:
        return None
    prefix, colon, local = ref.partition(":")
    if colon and local and prefix in element.nsmap:
        return local
    return ref


def locals_of(element: etree._Element, *names: str) -> Iterator[Any]:
    """Children with one of these local names in any namespace (inside a vendor's extension)."""
    for child in element:
        if split(str(child.tag))[1] in names:
            yield child
