"""Which models of engines' vendors are refused, and whether their own engine runs them: a part of `docs/elements.md`.

`tests/bpmn/corpus_refused.json` holds each refused file with the codes of its ERROR findings, counted by
`python -m tests.support.elements --reasons`; what the vendor does with it is written here, by file. MIWG's files are
drawings of modelling tools, which no engine of theirs runs: they are only counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

REFUSED = Path(__file__).resolve().parents[1] / "bpmn" / "corpus_refused.json"
ENGINES = ("camunda7", "camunda8", "flowable")
"""Folders of the corpus whose files an engine of the vendor runs, or refuses in its own tests."""


class Vendor(StrEnum):
    """What the vendor's engine does with a model that is refused here."""

    RUNS = "runs"
    REFUSES = "refuses"
    UNCLEAR = "unclear"


class Verdict(NamedTuple):
    vendor: Vendor
    why: str
    """RUNS: why it is refused here all the same; else what is wrong with it."""


CMMN = "calls a CMMN case; bpmnd runs BPMN and DMN"
CLASS_PATH = "the script is a file on the class path or in the deployment; bpmnd takes scripts from the model only"
MAPPING = "variables of the call are mapped by Java code; `camunda:in` and `camunda:out` say the same"
RESOLVER = "the listener takes its properties from Java code (customPropertiesResolver)"
CHANGE = "waits for a change of a variable, whatever its value; a conditional event waits for a value"

VERDICTS: dict[str, Verdict] = {
    "*/CallActivityDelegateMappingTest.*": Verdict(Vendor.RUNS, MAPPING),
    "*/CaseCallActivity*.bpmn20.xml": Verdict(Vendor.RUNS, CMMN),
    "*/InputOutputTest.test*External*Script*": Verdict(Vendor.RUNS, CLASS_PATH),
    "*/ExternalScriptTaskTest.testScriptInDeploymentAsVariable.*": Verdict(
        Vendor.RUNS, "which file the script is in is only known at run time"
    ),
    "*/ExternalScriptTaskTest.testNotExistingImport.*": Verdict(Vendor.RUNS, f"{CLASS_PATH} (there it fails when run)"),
    "*/ConditionalScriptSequenceFlowTest.testScriptResource*": Verdict(Vendor.RUNS, CLASS_PATH),
    "*/xslt-example.bpmn": Verdict(Vendor.RUNS, f"XSLT is no language of bpmnd, and {CLASS_PATH}"),
    "*/invokeRestService.bpmn": Verdict(
        Vendor.RUNS, "calls a connector of Camunda Connect with its own inputs; bpmnd has a connector `http` of its own"
    ),
    "*/CompensationEventParseInvalidProcessTest.*": Verdict(
        Vendor.REFUSES, "compensates an activity that is not there"
    ),
    "*/BoundaryErrorEventTest.testThrowErrorWithEmptyErrorCode.*": Verdict(
        Vendor.REFUSES, "throws an error without a code"
    ),
    "*/EscalationEventParseInvalidProcessTest.*": Verdict(Vendor.REFUSES, "throws an escalation that is not there"),
    "*/MessageStartEventTest.testEmptyMessageNameFails.*": Verdict(
        Vendor.REFUSES, "starts by a message without a name"
    ),
    "*/ExternalTaskParseTest.testParseExternalTaskWithoutTopic.*": Verdict(
        Vendor.REFUSES, "has an external task without topic"
    ),
    "*/BpmnParseTest.testInvalid*": Verdict(Vendor.REFUSES, "begins a sub-process with an event that cannot"),
    "*/BpmnParseTest.testMultipleTimerStartEvents.*": Verdict(Vendor.REFUSES, "has several none start events"),
    "*/BpmnParseTest.testParseInvalidConditionalBoundaryEvent.*": Verdict(
        Vendor.REFUSES, "has a conditional event without condition"
    ),
    "*/ExecutionListenerTest.testExecutionListenersOnEventSubProcessVariableStart*": Verdict(Vendor.RUNS, CHANGE),
    "*CustomPropertiesResolver.*": Verdict(Vendor.RUNS, RESOLVER),
    "*/TaskListenerTypeScript.*": Verdict(
        Vendor.RUNS, "the language of a listener's script is only known at run time, and another listener has no script"
    ),
    "*/TaskListenerNoEventDefined.*": Verdict(Vendor.UNCLEAR, "nothing says when the listener is to be called"),
    "*/ScriptTaskTest.testNoScriptProvided.*": Verdict(Vendor.REFUSES, "has a script task without script"),
}


def refused() -> dict[str, list[str]]:
    """File (below the corpus) -> codes that refuse it, as committed."""
    data: dict[str, list[str]] = json.loads(REFUSED.read_text(encoding="utf-8"))
    return data


def verdicts_of(file: str) -> list[Verdict]:
    """One, where everything is explained."""
    return [verdict for pattern, verdict in VERDICTS.items() if fnmatchcase(file, pattern)]


def lines(files: Mapping[str, list[str]]) -> Iterator[str]:
    """The section of the page."""
    yield from _table(
        files,
        Vendor.RUNS,
        "### Refused although its vendor runs it",
        "| model | refused for | why |",
    )
    yield ""
    yield from _table(
        files,
        Vendor.REFUSES,
        "### Refused by its vendor as well",
        "| model | refused for | it |",
    )
    unclear = [(file, codes) for file, codes in files.items() if verdicts_of(file)[0].vendor is Vendor.UNCLEAR]
    if unclear:
        yield ""
        yield "What the vendor does is not known of:"
        yield ""
    for file, codes in unclear:
        yield f"- {_name(file)} ({', '.join(codes)}): {verdicts_of(file)[0].why}."


def _table(files: Mapping[str, list[str]], vendor: Vendor, title: str, head: str) -> Iterator[str]:
    yield from (title, "", head, "|---|---|---|")
    for file, codes in files.items():
        verdict = verdicts_of(file)[0]
        if verdict.vendor is vendor:
            yield f"| {_name(file)} | {', '.join(codes)} | {verdict.why} |"


def _name(file: str) -> str:
    """Vendor and file name, without the endings."""
    name = file.rsplit("/", 1)[-1].removesuffix(".xml").removesuffix(".bpmn20").removesuffix(".bpmn")
    return f"{file.split('/', 1)[0]}: `{name}`"
