"""XML namespaces of BPMN and of the vendors whose extensions bpmnd reads."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from lxml import etree

from bpmn.model.base import Dialect

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMN_BETA = "http://schema.omg.org/spec/BPMN/2.0"
"""Namespace of the beta specifications of BPMN 2.0; the first engines wrote it, its elements are the same."""

CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
FOX = "http://www.camunda.com/fox"
"""Namespace of camunda fox, Camunda's product before Camunda 7; Camunda 7 still reads it."""
ACTIVITI = "http://activiti.org/bpmn"
FLOWABLE = "http://flowable.org/bpmn"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
SPIFFWORKFLOW = "http://spiffworkflow.org/bpmn/schema/1.0/core"
MODELER = "http://camunda.org/schema/modeler/1.0"


class Vendor(StrEnum):
    """A set of extension names. Camunda 7, Flowable and Activiti have one ancestor and share their names."""

    CAMUNDA = "camunda"
    ZEEBE = "zeebe"
    SPIFFWORKFLOW = "spiffworkflow"


VENDORS: dict[str, Vendor] = {
    CAMUNDA: Vendor.CAMUNDA,
    FOX: Vendor.CAMUNDA,
    ACTIVITI: Vendor.CAMUNDA,
    FLOWABLE: Vendor.CAMUNDA,
    ZEEBE: Vendor.ZEEBE,
    SPIFFWORKFLOW: Vendor.SPIFFWORKFLOW,
}
"""Namespace -> set of names. Namespaces that are not here belong to other tools: metadata without effect."""

PREFIXES: dict[str, str] = {
    CAMUNDA: "camunda",
    FOX: "fox",
    ACTIVITI: "activiti",
    FLOWABLE: "flowable",
    ZEEBE: "zeebe",
    SPIFFWORKFLOW: "spiffworkflow",
}
"""How messages write a vendor's names, whatever prefix the document uses."""

_DIALECTS: dict[str, Dialect] = {
    ZEEBE: Dialect.ZEEBE,
    CAMUNDA: Dialect.CAMUNDA,
    FOX: Dialect.CAMUNDA,
    FLOWABLE: Dialect.FLOWABLE,
    ACTIVITI: Dialect.FLOWABLE,
    SPIFFWORKFLOW: Dialect.SPIFFWORKFLOW,
}


def split(tag: str) -> tuple[str, str]:
    """Namespace (empty where there is none) and local name of a tag or attribute name in Clark notation."""
    if tag[:1] == "{":
        namespace, _, local = tag[1:].partition("}")
        return namespace, local
    return "", tag


def dialect_of(root: etree._Element) -> Dialect:
    """The dialect whose names the document uses most; where it uses none: its execution platform, its declarations, or
    Camunda's namespace as its own target namespace (which early versions of Camunda's modeler wrote).

    Names decide before declarations, since modeling tools declare the namespaces of vendors they do not use.
    """
    used: Counter[Dialect] = Counter()
    for element in root.iter(etree.Element):
        namespace = split(str(element.tag))[0]
        if namespace in _DIALECTS:
            used[_DIALECTS[namespace]] += 1
        for name in element.attrib:
            namespace = split(str(name))[0]
            if namespace in _DIALECTS and not str(name).endswith(("DockerX", "DockerY")):
                used[_DIALECTS[namespace]] += 1
    if used:
        return used.most_common(1)[0][0]
    platform = root.get(f"{{{MODELER}}}executionPlatform")
    if platform is not None:
        return Dialect.ZEEBE if "cloud" in platform.lower() else Dialect.CAMUNDA
    declared = set(root.nsmap.values())
    if root.get("targetNamespace") == CAMUNDA:
        declared.add(CAMUNDA)
    return next((dialect for namespace, dialect in _DIALECTS.items() if namespace in declared), Dialect.PLAIN)
