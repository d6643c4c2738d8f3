"""A running instance in the words of the patterns: what waits, what is done, how often."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bpmn.runtime.state import InstanceStatus
from tests.support.models import Element, model
from tests.support.simulation import simulate


class Case:
    """Starts one instance of a process drawn like `tests.support.models.model`."""

    def __init__(self, *elements: Element, flows: str, roots: str = "", **variables: Any) -> None:
        self.simulator = simulate(model(*elements, flows=flows, roots=roots))
        self.instance = self.simulator.start("p", variables)

    @property
    def waiting(self) -> list[str]:
        """User tasks that are open, sorted."""
        return sorted(task.element_id for task in self.simulator.open_tasks())

    def complete(self, *ids: str, **variables: Any) -> None:
        """Complete the oldest open user task of each of these."""
        for element_id in ids:
            self.simulator.complete(element_id, variables)

    def publish(self, name: str) -> bool:
        """Whether somebody waited for this message."""
        return self.simulator.publish(name)

    @property
    def done(self) -> Counter[str]:
        """How often each element was completed."""
        return Counter(text[1:] for text in self.simulator.trace(self.instance, "-"))

    @property
    def withdrawn(self) -> list[str]:
        """Elements that were ended before they were done."""
        return sorted(text[1:] for text in self.simulator.trace(self.instance, "~"))

    @property
    def is_completed(self) -> bool:
        return self.simulator.status(self.instance) is InstanceStatus.COMPLETED
