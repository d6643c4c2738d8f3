"""Every event at every position: it runs where BPMN allows it, and is refused by name where it does not.

The table is in `tests.support.event_positions`; each of its cells is a test here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from bpmn.findings import Severity
from bpmn.runtime import commands as c
from bpmn.runtime.state import WaitKind
from tests.support.event_positions import HOSTS, cells
from tests.support.models import (
    CANCEL,
    TERMINATE,
    Element,
    call_activity,
    catch,
    compile_with_findings,
    document,
    end,
    error,
    escalation,
    event_based,
    message,
    multi_instance,
    on_compensation,
    on_condition,
    on_error,
    on_escalation,
    on_link,
    on_message,
    on_signal,
    parallel,
    process,
    service_task,
    signal,
    start,
    sub_process,
    task,
    throw,
    timer,
    transaction,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

ROOTS = message("m", "paid") + error("e", "E1") + escalation("x", "X1") + signal("s", "alarm")
DEFINITIONS = {
    "none": "",
    "message": on_message("m"),
    "timer date": timer(date="2026-01-01T01:00:00Z"),
    "timer duration": timer(duration="PT1H"),
    "timer cycle": timer(cycle="R2/PT1H"),
    "error": on_error("e"),
    "escalation": on_escalation("x"),
    "signal": on_signal("s"),
    "conditional": on_condition("${ready}"),
    "compensation": on_compensation(),
    "cancel": CANCEL,
    "terminate": TERMINATE,
    "link": on_link("there"),
    "multiple": on_message("m") + on_signal("s"),
    "parallel multiple": on_message("m") + on_signal("s"),
}
WAITS = {
    "message": ["MESSAGE"],
    "timer date": ["TIMER"],
    "timer duration": ["TIMER"],
    "timer cycle": ["TIMER"],
    "signal": ["SIGNAL"],
    "conditional": ["CONDITION"],
    "multiple": ["MESSAGE", "SIGNAL"],
    "parallel multiple": ["MESSAGE", "SIGNAL"],
}
"""What is waited for by rows; the other triggers come from inside."""
THROWN = {
    "message": ["@message paid"],
    "error": ["^E1"],
    "escalation": ["@escalation X1"],
    "signal": ["@signal alarm"],
    "compensation": ["@compensation"],
    "multiple": ["@message paid", "@signal alarm"],
}


# -- drawing ----------------------------------------------------------------------------------------------------------


def event(tag: str, id: str, trigger: str, **attributes: str) -> Element:
    if trigger == "parallel multiple":
        attributes["parallelMultiple"] = "true"
    return Element(tag, id, attributes, DEFINITIONS[trigger])


def draw(position: str, trigger: str) -> bytes:
    """A process with the event `ev` at the position."""
    if position.startswith("boundary"):
        return _boundary(position, trigger)
    drawing: dict[str, Callable[[str], bytes]] = {
        "process start": _process_start,
        "sub-process start": _sub_process_start,
        "event sub-process start": lambda trigger: _event_sub_process(trigger, interrupting=True),
        "event sub-process start, not interrupting": lambda trigger: _event_sub_process(trigger, interrupting=False),
        "intermediate catch": _catch,
        "behind an event-based gateway": _behind_gateway,
        "intermediate throw": _throw,
        "end": _end,
        "end of a sub-process": lambda trigger: _end_inside(trigger, sub_process),
        "end of a transaction": lambda trigger: _end_inside(trigger, transaction),
    }
    return drawing[position](trigger)


def _drawn(*elements: Element, flows: str, called: str = "") -> bytes:
    return document(process("p", *elements, flows=flows), called, roots=ROOTS)


def _process_start(trigger: str) -> bytes:
    return _drawn(event("startEvent", "ev", trigger), task("after"), end(), flows="ev -> after -> end")


def _sub_process_start(trigger: str) -> bytes:
    inner = sub_process("sub", event("startEvent", "ev", trigger), end("se"), flows="ev -> se")
    return _drawn(start(), inner, end(), flows="start -> sub -> end")


def _event_sub_process(trigger: str, *, interrupting: bool) -> bytes:
    begin = event("startEvent", "ev", trigger, isInterrupting=str(interrupting).lower())
    handler = Element(
        "subProcess", "esp", {"triggeredByEvent": "true"}, "", (begin, task("fix"), end("ee")), "ev -> fix -> ee"
    )
    if trigger == "compensation":
        host = sub_process("host", start("hs"), user_task("work"), end("he"), handler, flows="hs -> work -> he")
        return _drawn(start(), host, throw("undo", on_compensation()), end(), flows="start -> host -> undo -> end")
    last = throw("last", DEFINITIONS["escalation"]) if trigger == "escalation" else task("last")
    return _drawn(start(), service_task("work"), last, end(), handler, flows="start -> work -> last -> end")


def _catch(trigger: str) -> bytes:
    caught = event("intermediateCatchEvent", "ev", trigger)
    if trigger == "link":
        go = throw("go", on_link("there"))
        return _drawn(start(), go, caught, task("after"), end(), flows="start -> go; ev -> after -> end")
    return _drawn(start(), caught, task("after"), end(), flows="start -> ev -> after -> end")


def _behind_gateway(trigger: str) -> bytes:
    caught = event("intermediateCatchEvent", "ev", trigger)
    late = catch("late", timer(duration="PT9H"))
    flows = "start -> g -> ev -> after -> end; g -> late -> end"
    return _drawn(start(), event_based("g"), caught, late, task("after"), end(), flows=flows)


def _boundary(position: str, trigger: str) -> bytes:
    interrupting = "not interrupting" not in position
    cancel = str(interrupting).lower()
    host = _host(position)
    caught = event("boundaryEvent", "ev", trigger, attachedToRef="host", cancelActivity=cancel)
    last = _last("none" if trigger == "cancel" else trigger)
    called = process("called", start("hs"), user_task("inner"), last, flows="hs -> inner -> he")
    content: tuple[Element, ...] = (start(), _with_content(host, trigger), caught, end(), task("seen"))
    if trigger == "compensation":
        handler = Element("task", "seen", {"isForCompensation": "true"})
        link = Element("association", "a", {"sourceRef": "ev", "targetRef": "seen", "associationDirection": "One"})
        undo = throw("undo", on_compensation())
        content = (*content[:-1], handler, link, undo)
        return _drawn(*content, flows="start -> host -> undo -> end", called=called)
    return _drawn(*content, end("e2"), flows="start -> host -> end; ev -> seen -> e2", called=called)


def _host(position: str) -> str:
    return next(host for host in HOSTS if f" a {host}" in position)


def _with_content(host: str, trigger: str) -> Element:
    inside = (start("hs"), user_task("inner"), _last(trigger))
    flows = "hs -> inner -> he"
    match host:
        case "service task":
            return service_task("host")
        case "user task":
            return user_task("host")
        case "call activity":
            return call_activity("host", "called")
        case "transaction":
            return transaction("host", *inside, flows=flows)
        case "multi-instance":
            return sub_process("host", *inside, flows=flows, inner=multi_instance(cardinality="2"))
        case _:
            return sub_process("host", *inside, flows=flows)


def _last(trigger: str) -> Element:
    """The end event inside a host, which throws what its boundary event catches."""
    return end("he", DEFINITIONS[trigger] if trigger in ("error", "escalation", "cancel") else "")


def _throw(trigger: str) -> bytes:
    thrown = event("intermediateThrowEvent", "ev", trigger)
    if trigger == "link":
        return _drawn(start(), thrown, catch("there", on_link("there")), end(), flows="start -> ev; there -> end")
    return _drawn(start(), *_undoable("done"), thrown, end(), flows="start -> done -> ev -> end")


def _end(trigger: str) -> bytes:
    ends = event("endEvent", "ev", trigger)
    flows = "start -> fork -> done -> go -> ev; fork -> beside -> end"
    beside = user_task("beside")
    return _drawn(start(), parallel("fork"), *_undoable("done"), user_task("go"), ends, beside, end(), flows=flows)


def _end_inside(trigger: str, make: Callable[..., Element]) -> bytes:
    ends = event("endEvent", "ev", trigger)
    flows = "ss -> fork -> done -> go -> ev; fork -> beside -> se"
    inside = (start("ss"), parallel("fork"), *_undoable("done"), user_task("go"), ends, user_task("beside"), end("se"))
    sub = make("sub", *inside, flows=flows)
    outside = (start(), sub, task("after"), end())
    if trigger != "cancel":
        return _drawn(*outside, flows="start -> sub -> after -> end")
    cancelled = event("boundaryEvent", "cancelled", "cancel", attachedToRef="sub")
    return _drawn(*outside, cancelled, end("e2"), flows="start -> sub -> after -> end; cancelled -> e2")


def _undoable(id: str) -> tuple[Element, ...]:
    """A task with a handler `undone`."""
    handler = Element("task", "undone", {"isForCompensation": "true"})
    undo = Element("boundaryEvent", "undo", {"attachedToRef": id}, on_compensation())
    link = Element("association", "a", {"sourceRef": "undo", "targetRef": "undone", "associationDirection": "One"})
    return task(id), undo, handler, link


# -- running ----------------------------------------------------------------------------------------------------------


def run(position: str, trigger: str) -> list[str]:
    """Run the process, let the event happen, finish what is left; what has happened in short."""
    simulator = simulate(draw(position, trigger))
    if position == "process start":
        return _traced(simulator, _started(simulator, trigger))
    instance = simulator.start("p", {"ready": False})
    if position.startswith(("intermediate catch", "behind", "event sub-process", "boundary")):
        assert _waits(simulator) == WAITS.get(trigger, [])
        happen(simulator, instance, trigger)
        if "not interrupting" in position and trigger == "timer cycle":
            assert _waits(simulator) == ["TIMER"], "it comes again"
    else:
        finish(simulator, "go")
    finish(simulator)
    return _traced(simulator, instance)


def _started(simulator: CheckedSimulator, trigger: str) -> int:
    graph = simulator.graphs["p"]
    starts = [
        *(("MESSAGE", begin.element_id) for begin in graph.message_starts),
        *(("TIMER", begin.element_id) for begin in graph.timer_starts),
        *(("SIGNAL", begin.element_id) for begin in graph.signal_starts),
        *(("CONDITION", begin.element_id) for begin in graph.condition_starts),
    ]
    if trigger == "parallel multiple":
        assert starts == [("MESSAGE", "ev#1"), ("SIGNAL", "ev#2")]
        instance = simulator.start("p", element_id="ev#1")
        simulator.signal("alarm")
        return instance
    assert starts == [(kind, "ev") for kind in WAITS.get(trigger, [])]
    return simulator.start("p", element_id="ev")


def _waits(simulator: CheckedSimulator) -> list[str]:
    """Kinds of the rows that wait for the event."""
    tables = {
        "MESSAGE": simulator.subscriptions,
        "TIMER": simulator.timers,
        "SIGNAL": simulator.signals,
        "CONDITION": simulator.conditions,
    }
    return [
        kind
        for kind, table in tables.items()
        for pending in table.values()
        if pending.effect.element_id.split("#")[0] == "ev"
    ]


def happen(simulator: CheckedSimulator, instance: int, trigger: str) -> None:
    match trigger:
        case "message" | "multiple":
            simulator.publish("paid")
        case "timer date" | "timer duration" | "timer cycle":
            simulator.advance(timedelta(hours=1))
        case "signal":
            simulator.signal("alarm")
        case "conditional":
            simulator.set_variables(instance, ready=True)
        case "parallel multiple":
            before = simulator.trace(instance)
            simulator.signal("alarm")
            assert simulator.trace(instance) == before, "it waits for the other"
            simulator.publish("paid")
        case "error" if simulator.jobs:
            (job,) = simulator.jobs
            simulator.throw_error(job, "E1")
        case "error" if simulator.open_tasks("host"):
            (task,) = simulator.open_tasks("host")
            ids = {"instance_id": instance, "scope_id": task.scope_id, "token_id": task.token_id}
            simulator.do(c.ThrowError(wait=WaitKind.USER_TASK, wait_id=task.id, error_code="E1", **ids))
        case "link":
            pass
        case _:
            finish(simulator, *("inner", "work"))


def finish(simulator: CheckedSimulator, *elements: str) -> None:
    """Complete the oldest task or job of each element; without a name: everything."""
    for element in elements:
        if element in simulator.waiting():
            simulator.complete(element)
    while not elements and (simulator.tasks or simulator.jobs):
        simulator.complete(next(iter([*simulator.tasks.values(), *simulator.jobs.values()])).effect.element_id)


def _traced(simulator: CheckedSimulator, instance: int) -> list[str]:
    return simulator.trace(instance, "+-~^@!*")


# -- what has to happen -----------------------------------------------------------------------------------------------


def expected(position: str, trigger: str) -> str:
    """All that happens, in order."""
    if position.startswith("boundary"):
        return _expected_at_boundary(position, trigger)
    match position:
        case "process start":
            return "+ev -ev +after -after +end -end *COMPLETED"
        case "sub-process start":
            return "+start -start +sub +ev -ev +se -se -sub +end -end *COMPLETED"
        case "event sub-process start":
            return _expected_in_event_sub_process(trigger)
        case "event sub-process start, not interrupting":
            return _expected_beside(trigger)
        case "intermediate catch":
            before = "+start -start +go -go" if trigger == "link" else "+start -start"
            return f"{before} +ev -ev +after -after +end -end *COMPLETED"
        case "behind an event-based gateway":
            return "+start -start +g -g +ev -ev +after -after +end -end *COMPLETED"
        case "intermediate throw" if trigger == "link":
            return "+start -start +ev -ev +there -there +end -end *COMPLETED"
        case "intermediate throw":
            return f"+start -start +done -done {_passing(trigger)} +end -end *COMPLETED"
        case "end":
            return _expected_end(trigger)
        case _:
            return _expected_end_inside(trigger)


def _passing(trigger: str) -> str:
    """The event throws, and is done when what it has thrown is."""
    thrown = THROWN.get(trigger, [])
    undone = ["+undone", "-undone"] if trigger == "compensation" else []
    return " ".join(["+ev", *thrown, *undone, "-ev"])


HANDLED = "+esp +ev -ev +fix -fix +ee -ee -esp"


def _expected_in_event_sub_process(trigger: str) -> str:
    match trigger:
        case "error":
            return f"+start -start +work ^E1 ~work {HANDLED} *COMPLETED"
        case "escalation":
            return f"+start -start +work -work +last @escalation X1 ~last {HANDLED} *COMPLETED"
        case "compensation":
            completed = "+start -start +host +hs -hs +work -work +he -he -host"
            return f"{completed} +undo @compensation {HANDLED} -undo +end -end *COMPLETED"
        case _:
            return f"+start -start +work ~work {HANDLED} *COMPLETED"


def _expected_beside(trigger: str) -> str:
    match trigger:
        case "error" | "compensation":
            return _expected_in_event_sub_process(trigger)
        case "escalation":
            both = "+esp -last +ev -ev +end -end +fix -fix +ee -ee -esp"
            return f"+start -start +work -work +last @escalation X1 {both} *COMPLETED"
        case _:
            return f"+start -start +work {HANDLED} -work +last -last +end -end *COMPLETED"


def _expected_at_boundary(position: str, trigger: str) -> str:
    host = _host(position)
    inside = host in ("sub-process", "transaction", "multi-instance")
    many = host == "multi-instance"
    begun = "+start -start +host"
    if inside:
        begun += " +host +host +hs -hs +hs -hs +inner +inner" if many else " +hs -hs +inner"
    one = " -inner +he -he -host" if many else " -inner +he -he"
    done = (one * (2 if many else 1) if inside else "") + " -host"
    rest = " ~inner ~host" if many else ""
    caught, seen, over = " +ev -ev", " +seen -seen +e2 -e2", " +end -end *COMPLETED"
    match trigger:
        case "escalation" if host in ("service task", "user task"):
            return begun + done + over
        case "compensation":
            return begun + done + " +undo @compensation" + " +seen -seen" * (2 if many else 1) + " -undo" + over
        case "cancel":
            return begun + " -inner +he @compensation -he ~host" + caught + seen + " *COMPLETED"
        case "error":
            thrown = " -inner +he ^E1 -he ~host" if inside else " ^E1 ~host"
            return begun + thrown + (f"{rest} ~host" if many else "") + caught + seen + " *COMPLETED"
        case "escalation" if "not interrupting" in position:
            return _expected_escalation_beside(host, begun, over)
        case "escalation":
            thrown = " -inner +he @escalation X1 ~he ~host" if inside else " @escalation X1 ~host"
            return begun + thrown + (f"{rest} ~host" if many else "") + caught + seen + " *COMPLETED"
        case _ if "not interrupting" in position:
            return begun + caught + seen + done + over
        case _:
            ended = " ~inner ~host" * (2 if many else 1) + (" ~host" if many else "") if inside else " ~host"
            return begun + ended + caught + seen + " *COMPLETED"


def _expected_escalation_beside(host: str, begun: str, over: str) -> str:
    """The host goes on: what follows it comes between what follows the event."""
    seen, finished = " +seen -seen", over.replace(" *COMPLETED", "")
    thrown = " -inner +he @escalation X1 +ev -ev -he -host"
    match host:
        case "call activity":
            return begun + " @escalation X1 +ev -ev" + seen + " +e2 -e2 -host" + over
        case "multi-instance":
            return begun + thrown + seen + " +e2 -e2" + thrown + " -host" + seen + finished + " +e2 -e2 *COMPLETED"
        case _:
            return begun + thrown + seen + finished + " +e2 -e2 *COMPLETED"


def _expected_end(trigger: str) -> str:
    begun = "+start -start +fork -fork +done -done +beside +go -go"
    match trigger:
        case "error":
            return f"{begun} +ev ^E1 -ev ~beside *FAILED"
        case "terminate":
            return f"{begun} +ev ~beside -ev *COMPLETED"
        case _:
            return f"{begun} {_passing(trigger)} -beside +end -end *COMPLETED"


def _expected_end_inside(trigger: str) -> str:
    begun = "+start -start +sub +ss -ss +fork -fork +done -done +beside +go -go"
    after = "-sub +after -after +end -end *COMPLETED"
    match trigger:
        case "error":
            return f"{begun} +ev ^E1 -ev ~beside ~sub *FAILED"
        case "terminate":
            return f"{begun} +ev ~beside -ev {after}"
        case "cancel":
            undone = "~beside @compensation +undone -undone -ev ~sub"
            return f"{begun} +ev {undone} +cancelled -cancelled +e2 -e2 *COMPLETED"
        case _:
            return f"{begun} {_passing(trigger)} -beside +se -se {after}"


# -- each cell --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("position", "trigger", "warning"), list(cells(refused=False)))
def test_should_run_where_it_is_allowed(position: str, trigger: str, warning: str) -> None:
    # given
    _, findings = compile_with_findings(draw(position, trigger))
    found = {(finding.severity, finding.code) for finding in findings if finding.severity is not Severity.INFO}
    assert found == ({(Severity.WARNING, warning)} if warning else set())

    # when
    happened = run(position, trigger)

    # then
    assert " ".join(happened) == expected(position, trigger)


@pytest.mark.parametrize(("position", "trigger", "code"), list(cells(refused=True)))
def test_should_be_refused_where_it_is_not_allowed(position: str, trigger: str, code: str) -> None:
    _, findings = compile_with_findings(draw(position, trigger))

    assert code in {finding.code for finding in findings if finding.severity is Severity.ERROR}
