"""`docs/elements.md`: what the runtime executes, how, and which tests prove it.

    python -m tests.support.elements > docs/elements.md
    python -m tests.support.elements --reasons        # counts anew why models of the corpus are refused

What is supported comes from `bpmn.rules.supported`, how and where it is proven from the markers
`@pytest.mark.element(kind, how)` of the tests, the counts of real models from `tests/bpmn/corpus_floor.json` and
`corpus_reasons.json`, what is refused of engines' own models from `corpus_refused.json`.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bpmn.examine import examine
from bpmn.findings import Severity
from bpmn.model import activities, events, gateways
from bpmn.rules import RUNTIME
from bpmn.rules.supported import Feature, Position
from tests.support import refused_models
from tests.support.event_positions import MEANINGS, OUTCOMES, TRIGGERS, table

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "bpmn" / "runtime"
FLOOR = ROOT / "tests" / "bpmn" / "corpus_floor.json"
REASONS = ROOT / "tests" / "bpmn" / "corpus_reasons.json"
PAGE = ROOT / "docs" / "elements.md"

NODES: dict[str, tuple[type, ...]] = {
    "Activities": (
        activities.Task,
        activities.ManualTask,
        activities.UserTask,
        activities.ServiceTask,
        activities.SendTask,
        activities.ReceiveTask,
        activities.ScriptTask,
        activities.BusinessRuleTask,
        activities.CallActivity,
        activities.SubProcess,
        activities.Transaction,
        activities.AdHocSubProcess,
    ),
    "Gateways": (
        gateways.ExclusiveGateway,
        gateways.ParallelGateway,
        gateways.InclusiveGateway,
        gateways.EventBasedGateway,
        gateways.ComplexGateway,
    ),
}
DEFINITIONS: dict[str, type[events.EventDefinition] | None] = {
    "none": None,
    "message": events.MessageEventDefinition,
    "timer": events.TimerEventDefinition,
    "error": events.ErrorEventDefinition,
    "escalation": events.EscalationEventDefinition,
    "signal": events.SignalEventDefinition,
    "conditional": events.ConditionalEventDefinition,
    "link": events.LinkEventDefinition,
    "compensate": events.CompensateEventDefinition,
    "cancel": events.CancelEventDefinition,
    "terminate": events.TerminateEventDefinition,
}
POSITIONS = {
    Position.START: "StartEvent",
    Position.EVENT_SUB_PROCESS_START: "EventSubProcessStartEvent",
    Position.CATCH: "IntermediateCatchEvent",
    Position.THROW: "IntermediateThrowEvent",
    Position.END: "EndEvent",
    Position.BOUNDARY: "BoundaryEvent",
}
FEATURES = {
    Feature.EVENT_SUB_PROCESS: "eventSubProcess",
    Feature.MULTI_INSTANCE: "multiInstanceLoopCharacteristics",
    Feature.STANDARD_LOOP: "standardLoopCharacteristics",
    Feature.QUANTITIES: "quantities",
    Feature.DATA_ASSIGNMENTS: "dataAssociations",
    Feature.DATA_VALUES: "dataValues",
    Feature.DECISION: "decision",
    Feature.MULTI_INSTANCE_BEHAVIOR: "multiInstanceBehavior",
    Feature.MULTIPLE_EVENTS: "multipleEvent",
    Feature.INSTANTIATING_RECEIVE: "instantiatingElements",
    Feature.INSTANTIATING_GATEWAY: "instantiatingElements",
    Feature.COMPENSATION: "compensation",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A marker: the kind of element, how it is executed, the file of tests."""

    kind: str
    how: str
    file: str
    tests: int


def proofs(folder: Path = TESTS) -> list[Proof]:
    """The markers of all test modules, in order of file and line."""
    found: list[Proof] = []
    for path in sorted(folder.glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = sum(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in tree.body)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_marker(node.func)]
        for call in sorted(calls, key=lambda call: call.lineno):
            kind, how = (ast.literal_eval(argument) for argument in call.args)
            found.append(Proof(kind, how, path.name, functions))
    return found


def _is_marker(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "element"
        and isinstance(function.value, ast.Attribute)
        and function.value.attr == "mark"
    )


def node_kind(node: type) -> str:
    return node.__name__[0].lower() + node.__name__[1:]


def event_kinds(position: Position, name: str) -> set[str]:
    """Kinds under which tests may prove an event: the event itself, its family, its place."""
    kinds = {f"{name}{POSITIONS[position]}"}
    if name != "none":
        kinds.add(f"{name}Event")
    if position is Position.EVENT_SUB_PROCESS_START:
        kinds.add("eventSubProcess")
    if position is Position.THROW:
        kinds.add("intermediateThrowEvent")
    return kinds


def unproven() -> list[str]:
    """What is said to be supported, but no test is marked with it."""
    marked = {proof.kind for proof in proofs()}
    missing = [
        node_kind(node)
        for group in NODES.values()
        for node in group
        if node in RUNTIME.nodes and node_kind(node) not in marked
    ]
    names = {definition: name for name, definition in DEFINITIONS.items()}
    for position, definition in RUNTIME.events:
        kinds = event_kinds(position, names[definition])
        if not kinds & marked:
            missing.append(min(kinds, key=len) if definition is None else f"{names[definition]}{POSITIONS[position]}")
    missing += [kind for feature, kind in FEATURES.items() if feature in RUNTIME.features and kind not in marked]
    return sorted(missing)


# -- the page ---------------------------------------------------------------------------------------------------------


def page() -> str:
    """The whole page."""
    found = proofs()
    return "\n".join([*_head(), *_nodes(found), *_events(found), *_positions(), *_features(found), *_corpus()]) + "\n"


def _head() -> Iterator[str]:
    yield "# Supported elements"
    yield ""
    yield "<!-- Generated: python -m tests.support.elements > docs/elements.md -->"
    yield ""
    yield "What is not supported is refused at upload by an ERROR finding that names the element; nothing is skipped"
    yield "silently."
    yield ""


def _nodes(found: list[Proof]) -> Iterator[str]:
    for title, group in NODES.items():
        yield from (f"## {title}", "", "| element | runs | how | tests |", "|---|---|---|---|")
        for node in group:
            kind = node_kind(node)
            runs = "yes" if node in RUNTIME.nodes else "no"
            how, files = _described(found, {kind})
            yield f"| `{kind}` | {runs} | {how} | {files} |"
        yield ""


def _events(found: list[Proof]) -> Iterator[str]:
    columns = [position.value for position in POSITIONS]
    yield from ("## Events", "", f"| definition | {' | '.join(columns)} |", "|---|" + "---|" * len(columns))
    for name, definition in DEFINITIONS.items():
        cells = ["yes" if (position, definition) in RUNTIME.events else "" for position in POSITIONS]
        yield f"| {name} | {' | '.join(cells)} |"
    yield from ("", "| event | how | tests |", "|---|---|---|")
    suffix = re.compile(r"(Event|eventSubProcess)$")
    for kind in sorted({proof.kind for proof in found if suffix.search(proof.kind)}):
        how, files = _described(found, {kind})
        yield f"| `{kind}` | {how} | {files} |"
    yield ""


def _positions() -> Iterator[str]:
    yield from ("## Events by position", "")
    yield "Every event at every position of BPMN 2.0.2, table 10.93. Each cell is a test of"
    yield "[test_events_by_position.py](../tests/bpmn/runtime/test_events_by_position.py): it runs the event and"
    yield "compares all that happens, or has the model refused."
    yield ""
    yield from (f"| position | {' | '.join(TRIGGERS)} |", "|---|" + "---|" * len(TRIGGERS))
    used: set[str] = set()
    for position, row in table().items():
        used.update(row.values())
        yield f"| {position} | {' | '.join(_cell(symbol) for symbol in row.values())} |"
    yield from ("", "| sign | finding | why |", "|---|---|---|")
    for symbol, code in OUTCOMES.items():
        if symbol in used and code:
            yield f"| {symbol} | {'WARNING' if symbol.islower() else 'ERROR'} `{code}` | {MEANINGS[symbol]} |"
    yield ""


def _cell(symbol: str) -> str:
    if symbol.isupper():
        return symbol
    return "yes" if symbol == "+" else f"yes ({symbol})"


def _features(found: list[Proof]) -> Iterator[str]:
    yield from ("## Beyond single elements", "", "| what | runs | how | tests |", "|---|---|---|---|")
    for feature in Feature:
        how, files = _described(found, {FEATURES.get(feature, "")})
        yield f"| {feature.value} | {'yes' if feature in RUNTIME.features else 'no'} | {how} | {files} |"
    known = {node_kind(node) for group in NODES.values() for node in group} | set(FEATURES.values())
    for kind in sorted({proof.kind for proof in found if proof.kind not in known and not proof.kind.endswith("Event")}):
        how, files = _described(found, {kind})
        yield f"| `{kind}` | yes | {how} | {files} |"
    yield ""


def _described(found: list[Proof], kinds: set[str]) -> tuple[str, str]:
    mine = [proof for proof in found if proof.kind in kinds]
    how = "; ".join(dict.fromkeys(proof.how for proof in mine))
    files = dict.fromkeys(f"[{proof.file}](../tests/bpmn/runtime/{proof.file})" for proof in mine)
    return how, ", ".join(files)


def _corpus() -> Iterator[str]:
    floor = json.loads(FLOOR.read_text(encoding="utf-8"))
    reasons = json.loads(REASONS.read_text(encoding="utf-8"))
    yield "## Models of other tools"
    yield ""
    yield "Counts of real models, by who made them: read into a model, without an ERROR finding as they are, and with"
    yield "`makeExecutable=true`. They may only rise. The last column counts files by the code of the findings that"
    yield "refuse them with `makeExecutable=true` (a file may have several)."
    yield ""
    yield from ("| made by | files | read | accepted | made executable | refused for |", "|---|---|---|---|---|---|")
    for vendor, counts in floor.items():
        numbers = " | ".join(str(counts[name]) for name in ("files", "read", "accepted", "acceptedMadeExecutable"))
        refused = ", ".join(f"{code} {count}" for code, count in reasons.get(vendor, {}).items())
        yield f"| {vendor} | {numbers} | {refused} |"
    yield ""
    yield from refused_models.lines(refused_models.refused())


def count_reasons() -> tuple[dict[str, dict[str, int]], dict[str, list[str]]]:
    """Vendor -> code of ERROR findings with makeExecutable -> number of files, most frequent first; and the files of
    vendors of engines that are refused, with these codes."""
    from tests.bpmn.test_corpus import files
    from tests.support.corpus import corpus

    counts: dict[str, Counter[str]] = {}
    refused: dict[str, list[str]] = {}
    root = corpus()
    for vendor, path in files(root):
        examined = examine(path.read_bytes(), file=path.name, make_executable=True, schema=False)
        codes = {finding.code for finding in examined.findings if finding.severity is Severity.ERROR}
        counts.setdefault(vendor, Counter()).update(codes)
        if codes and vendor in refused_models.ENGINES:
            refused[path.relative_to(root).as_posix()] = sorted(codes)
    reasons = {
        vendor: dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
        for vendor, counter in sorted(counts.items())
    }
    return reasons, refused


if __name__ == "__main__":
    if "--reasons" in sys.argv:
        reasons, refused = count_reasons()
        REASONS.write_text(json.dumps(reasons, indent=2) + "\n", encoding="utf-8")
        refused_models.REFUSED.write_text(json.dumps(refused, indent=2) + "\n", encoding="utf-8")
    else:
        sys.stdout.write(page())
