"""DMN files of a deployment: read with what they import, and what there is to say beyond the single file."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bpmn.dmn.examine import Examined
from bpmn.dmn.model import Decision, DecisionService
from bpmn.findings import Finding, Severity
from bpmn.model.activities import Activity, ImplementationKind, SubProcess
from bpmn.model.definitions import Process
from server.ports.store import UnitOfWork
from server.usecases.decision_programs import examine_together, imports_of


@dataclass(frozen=True, slots=True)
class DecisionFile:
    """`imports` are names of other files of the deployment; `digest` changes when one of them does."""

    examined: Examined
    imports: tuple[str, ...]
    digest: str


def read_decision_files(contents: Mapping[str, bytes]) -> dict[str, DecisionFile]:
    """The DMN files by name, each read with those of the deployment that it imports."""
    imports = imports_of(contents)
    examined = examine_together(contents)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    found = {}
    for name in contents:
        parts = [digests[each] for each in (name, *imports[name])]
        digest = parts[0] if len(parts) == 1 else hashlib.sha256(" ".join(parts).encode()).hexdigest()
        found[name] = DecisionFile(examined[name], imports[name], digest)
    return found


def called_decisions(process: Process) -> Iterator[tuple[Activity, str]]:
    """The tasks of a process that call a decision by a fixed key."""
    pending = [process.content]
    while pending:
        for node in pending.pop().nodes:
            if isinstance(node, SubProcess):
                pending.append(node.content)
            implementation = getattr(node, "implementation", None)
            if (
                isinstance(node, Activity)
                and implementation is not None
                and implementation.kind is ImplementationKind.DECISION
                and implementation.value.language == "literal"
            ):
                yield node, implementation.value.text


def missing_decisions(
    unit: UnitOfWork, tenant_id: str, files: Mapping[str, Sequence[Process]], deployed: Collection[str]
) -> list[Finding]:
    """WARNINGs for decisions that a process names and nobody has deployed yet: they are looked for at run time."""
    return [
        Finding(
            severity=Severity.WARNING,
            code="DECISION_MISSING",
            message=f"Expected decision '{key}' of '{task.id}' to be deployed, but it is not",
            hint="Deploy its DMN document; until then an instance that gets there has an incident.",
            element_id=task.id,
            element_name=task.name,
            line=task.line,
            file=name,
        )
        for name, processes in files.items()
        for process in processes
        for task, key in called_decisions(process)
        if key not in deployed and unit.find_decision_by_key(tenant_id, key) is None
    ]


def duplicate_decisions(files: Mapping[str, Sequence[Decision | DecisionService]], longest: int) -> list[Finding]:
    """One deployment cannot have two versions of one decision; ids have at most `longest` characters."""
    seen: dict[str, str] = {}
    found = []
    for name, decisions in files.items():
        for decision in decisions:
            other = seen.setdefault(decision.id, name)
            if other != name:
                message = (
                    f"Expected every decision once in a deployment, but '{decision.id}' is in '{other}' and '{name}'"
                )
                hint = "Give one of them another id, or deploy the files one after the other."
                found.append(_refusal("DUPLICATE_DEFINITION_KEY", message, hint, decision, name))
            if len(decision.id) > longest:
                message = f"Expected decision ids of at most {longest} characters, but '{decision.id[:40]}...' has more"
                found.append(
                    _refusal("DEFINITION_KEY_TOO_LONG", message, "Give the decision a shorter id.", decision, name)
                )
    return found


def _refusal(code: str, message: str, hint: str, decision: Decision | DecisionService, file: str) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code=code,
        message=message,
        hint=hint,
        element_id=decision.id,
        element_name=decision.name,
        line=decision.line,
        file=file,
    )
