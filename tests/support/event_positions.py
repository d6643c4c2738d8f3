"""Every event at every position: where BPMN allows it, and what is said where it does not.

Source: BPMN 2.0.2, table 10.93 (types of events and their markers), 10.3.5, 10.5.2 to 10.5.5 and 10.6.6.

`tests/bpmn/runtime/test_events_by_position.py` has a test for each cell, and `docs/elements.md` shows the table.
"""

from __future__ import annotations

from collections.abc import Iterator

TRIGGERS = (
    "none",
    "message",
    "timer date",
    "timer duration",
    "timer cycle",
    "error",
    "escalation",
    "signal",
    "conditional",
    "compensation",
    "cancel",
    "terminate",
    "link",
    "multiple",
    "parallel multiple",
)
HOSTS = ("service task", "user task", "sub-process", "call activity", "transaction", "multi-instance")

OUTCOMES = {
    "+": "",
    "i": "START_INTERRUPTS",
    "b": "BOUNDARY_INTERRUPTS",
    "n": "BOUNDARY_NEVER_HAPPENS",
    "N": "EVENT_NOT_ALLOWED",
    "T": "EVENT_WITHOUT_TRIGGER",
    "S": "START_NOT_ALLOWED",
    "C": "CANCEL_NOT_ALLOWED",
    "G": "EVENT_GATEWAY_TARGET",
}
"""`+` runs. Small letters: runs, with this warning. Capital letters: refused by this error."""
MEANINGS = {
    "i": "has no effect: what threw it ends, nothing beside it",
    "b": "has no effect: it interrupts",
    "n": "such a task throws nothing that could come",
    "N": "BPMN has no such event",
    "T": "an event that waits needs something to wait for",
    "S": "a sub-process begins when a token comes",
    "C": "only of a transaction",
    "G": "BPMN does not list it there",
}

# Columns as in TRIGGERS: none | message | timers | error, escalation | signal, conditional | compensation, cancel,
# terminate, link | multiple, parallel multiple
_ROWS = """
process start                                    + + +++ NN ++ NNNN ++
sub-process start                                + S SSS NN SS NNNN SS
event sub-process start                          T + +++ ++ ++ +NNN ++
event sub-process start, not interrupting        T + +++ i+ ++ iNNN ++
intermediate catch                               T + +++ NN ++ NNN+ ++
behind an event-based gateway                    T + +++ NN ++ NNNG ++
boundary of a service task                       T + +++ +n ++ +CNN ++
boundary of a user task                          T + +++ +n ++ +CNN ++
boundary of a sub-process                        T + +++ ++ ++ +CNN ++
boundary of a call activity                      T + +++ ++ ++ +CNN ++
boundary of a transaction                        T + +++ ++ ++ ++NN ++
boundary of a multi-instance                     T + +++ ++ ++ +CNN ++
boundary of a service task, not interrupting     T + +++ bn ++ +CNN ++
boundary of a user task, not interrupting        T + +++ bn ++ +CNN ++
boundary of a sub-process, not interrupting      T + +++ b+ ++ +CNN ++
boundary of a call activity, not interrupting    T + +++ b+ ++ +CNN ++
boundary of a transaction, not interrupting      T + +++ b+ ++ +bNN ++
boundary of a multi-instance, not interrupting   T + +++ b+ ++ +CNN ++
intermediate throw                               + + NNN N+ +N +NN+ +N
end                                              + + NNN ++ +N +C+N +N
end of a sub-process                             + + NNN ++ +N +C+N +N
end of a transaction                             + + NNN ++ +N +++N +N
"""


def table() -> dict[str, dict[str, str]]:
    """Position -> trigger -> symbol of `OUTCOMES`."""
    rows: dict[str, dict[str, str]] = {}
    for line in _ROWS.strip().splitlines():
        position, symbols = line[:49].strip(), line[49:].replace(" ", "")
        rows[position] = dict(zip(TRIGGERS, symbols, strict=True))
    return rows


def cells(*, refused: bool) -> Iterator[tuple[str, str, str]]:
    """(position, trigger, code): those that are refused by the code, or those that run, with the code as warning."""
    for position, row in table().items():
        for trigger, symbol in row.items():
            if symbol.isupper() == refused:
                yield position, trigger, OUTCOMES[symbol]
