"""Which processes run: EXECUTABLE_BY_DEFAULT, NOT_EXECUTABLE, MADE_EXECUTABLE, PROCESS_EMPTY, NO_PROCESS."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding, Severity
from bpmn.rules.index import Index, error, info


def check(index: Index) -> Iterator[Finding]:
    if not index.model.processes:
        yield Finding(
            severity=Severity.ERROR,
            code="NO_PROCESS",
            message="Expected at least one process in the document, but it has none.",
            hint="Upload a document with a process; collaborations and choreographies alone are not executed.",
            line=index.model.line,
        )
    for process in index.model.processes:
        if process.is_executable is not True and not process.content.nodes:
            yield info(
                "PROCESS_EMPTY",
                process,
                f"Expected flow elements in process '{process.id}', but it has none; it is not executable.",
                "Nothing to do where it stands for another party.",
            )
        elif process.is_executable is None:
            yield info(
                "EXECUTABLE_BY_DEFAULT",
                process,
                f"Expected isExecutable on process '{process.id}', but it is absent; the process is executable.",
                'Set isExecutable="false" where it is not meant to run.',
            )
        elif not process.is_executable and not index.make_executable:
            yield info(
                "NOT_EXECUTABLE",
                process,
                f"Expected an executable process, but '{process.id}' says isExecutable=\"false\"; it is only stored.",
                "Deploy with makeExecutable=true to run it as drawn, or set isExecutable in the model.",
            )
        elif not process.is_executable:
            yield info(
                "MADE_EXECUTABLE",
                process,
                f"Process '{process.id}' says isExecutable=\"false\", but the deployment makes it executable.",
                "Nothing to do.",
            )
        if process.is_executable and not process.content.nodes:
            yield error(
                "PROCESS_EMPTY",
                process,
                f"Expected flow elements in executable process '{process.id}', but it has none.",
                'Draw the process, or set isExecutable="false".',
            )
