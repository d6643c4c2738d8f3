"""The conformance kit of DMN (dmn-tck/tck): its test cases against the engine, without a server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from bpmn.dmn.evaluate import Mapped, evaluate
from bpmn.dmn.examine import examine
from bpmn.dmn.program import Program
from bpmn.expressions.feel import temporal
from bpmn.expressions.feel.types import is_number

_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """One expected result. `got` is what came instead where it is wrong."""

    case: str
    passed: bool
    got: Any = None
    expected: Any = None


def run_folder(folder: Path) -> Iterator[Outcome]:
    """Every test case of a folder; it passes where all its results do."""
    for path in sorted(folder.glob("*.xml")):
        root = etree.parse(path, etree.XMLParser(remove_comments=True)).getroot()
        name = (root.findtext("{*}modelName") or "").strip()
        program = load(folder, name)
        for case in root.iter("{*}testCase"):
            yield _run_case(program, case, path.stem)


def load(folder: Path, name: str) -> Program:
    """The model of a test, with those it imports."""
    data = {path.name: path.read_bytes() for path in sorted(folder.glob("*.dmn"))}
    programs: dict[str, Program] = {}
    for _ in data:  # in some order of their imports
        for text in data.values():
            examined = examine(text, imported=programs)
            assert examined.program is not None, f"{folder.name} has no DMN"
            programs[examined.program.namespace] = examined.program
    program = examine(data[name], imported=programs).program
    assert program is not None
    return program


def _run_case(program: Program, case: etree._Element, file: str) -> Outcome:
    inputs = {str(node.get("name")): _value(node) for node in case.iterfind("{*}inputNode")}
    service = case.get("invocableName") if case.get("type") == "decisionService" else None
    for node in case.iterfind("{*}resultNode"):
        wanted = node.find("{*}expected")
        expected = None if wanted is None else _value(wanted)
        try:
            got = _result(program, str(node.get("name")), service or node.get("invocableName"), inputs)
        except Exception as error:
            return Outcome(f"{file} {case.get('id')}", False, error, expected)
        if not same(got, expected):
            return Outcome(f"{file} {case.get('id')} {node.get('name')}", False, got, expected)
    return Outcome(f"{file} {case.get('id')}", True)


def _result(program: Program, name: str, service: str | None, inputs: dict[str, Any]) -> Any:
    parts: list[Any] = [*program.decisions.values(), *program.services.values()]
    if service is not None:
        id = next(part.id for part in program.services.values() if service in (part.name, part.variable, part.id))
        outputs = program.services[id].outputs
        result = evaluate(program, id, Mapped(inputs), NOW).result
        if len(outputs) > 1 and isinstance(result, dict) and name in result:
            return result[name]
        return result
    id = next(part.id for part in parts if name in (part.name, part.variable, part.id))
    return evaluate(program, id, Mapped(inputs), NOW).result


# Values


def _value(node: etree._Element) -> Any:
    """What stands in `inputNode`, `expected`, `component` or `item`."""
    if node.get(_NIL) == "true":
        return None
    components = node.findall("{*}component")
    if components:
        return {str(each.get("name")): _value(each) for each in components}
    found = node.find("{*}list")
    if found is not None:
        return None if found.get(_NIL) == "true" else [_value(each) for each in found.findall("{*}item")]
    value = node.find("{*}value")
    return None if value is None else _scalar(value)


def _scalar(node: etree._Element) -> Any:
    if node.get(_NIL) == "true":
        return None
    text = node.text or ""
    kind = str(node.get(_TYPE) or "xsd:string").rpartition(":")[2]
    match kind:
        case "string":
            return text
        case "boolean":
            return text.strip() == "true"
        case "decimal" | "double" | "integer" | "int" | "float" | "long":
            return Decimal(text.strip())
        case "date":
            return temporal.parse_date(text.strip())
        case "time":
            return temporal.parse_time(text.strip())
        case "dateTime":
            return temporal.parse_date_time(text.strip())
        case "duration":
            return _duration(text.strip())
    raise AssertionError(f"Expected a type of XML Schema, but found {kind}")


def _duration(text: str) -> Any:
    found = temporal.parse_duration(text)
    assert found is not None, text
    return found


def same(got: Any, expected: Any) -> bool:
    """Whether a result is the expected one; numbers to eight digits, as the kit's own runners compare."""
    if is_number(got) and is_number(expected):
        return abs(Decimal(got) - Decimal(expected)) <= Decimal("1e-8") * max(1, abs(Decimal(expected)))
    if isinstance(got, list) and isinstance(expected, list):
        return len(got) == len(expected) and all(same(a, b) for a, b in zip(got, expected, strict=True))
    if isinstance(got, dict) and isinstance(expected, dict):
        return got.keys() == expected.keys() and all(same(got[key], expected[key]) for key in expected)
    if isinstance(got, temporal.DateTime) and isinstance(expected, temporal.DateTime):
        return got.instant == expected.instant and (got.offset is None) == (expected.offset is None)
    return type(got) is type(expected) and bool(got == expected)
