"""Which processes of a document run; the one answer for rules, compilation and whoever else asks."""

from __future__ import annotations

from bpmn.model.definitions import Process


def runs(process: Process, make_executable: bool = False) -> bool:
    """Whether instances of the process can be started.

    An absent `isExecutable` means yes, "false" means no unless the deployment makes it executable. An empty process
    (the other party of a collaboration) runs only where the document insists.
    """
    if process.is_executable is None:
        return bool(process.content.nodes)
    return process.is_executable or (make_executable and bool(process.content.nodes))
