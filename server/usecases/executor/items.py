"""What waits to be done: requests of callers, results from the bus, rows claimed from the store."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from connectors.messages import ResultMessage
from server.ports.records import CommandRow, TimerRow, TimerStartRow
from server.usecases.requests import Request

Work = Request | ResultMessage | CommandRow | TimerRow | TimerStartRow


@dataclass(slots=True, eq=False)
class Item:
    """One piece of work. `future` is set for requests and bus results, whose givers wait for it.

    `instance_id` is found when the item is prepared; 0 means that it touches no existing instance.
    """

    work: Work
    future: Future[Any] | None = None
    instance_id: int = 0
    tries: int = 0
    answer: Any = None
    error: Exception | None = None
    deferred: bool = False
    """Its instance is locked by another transaction: it is taken up again in the next batch."""

    def settle(self) -> None:
        """Tell whoever waits, after the commit (or the refusal)."""
        if self.future is None or self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.answer)
