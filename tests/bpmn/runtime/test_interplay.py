"""Events, scopes, loops, compensation and calls together: hand-made combinations, each with all that happens, in order.

A drive is a text: words separated by spaces. `a` completes the oldest task or job at `a`; `!CODE@a` throws an error out
of the job at `a`; `*name` publishes a message, `%name` a signal; `3h` lets time pass; `?name` sets a variable to true.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.support.models import (
    CANCEL,
    TERMINATE,
    Element,
    ad_hoc,
    boundary,
    call_activity,
    catch,
    compensated,
    document,
    end,
    error,
    escalation,
    event_based,
    event_start,
    event_sub_process,
    exclusive,
    inclusive,
    message,
    multi_instance,
    on_compensation,
    on_condition,
    on_error,
    on_escalation,
    on_message,
    on_signal,
    parallel,
    process,
    service_task,
    signal,
    standard_loop,
    start,
    sub_process,
    task,
    throw,
    timer,
    transaction,
    user_task,
)
from tests.support.simulation import simulate

ROOTS = error("e", "E1") + error("f", "E2") + escalation("x", "X1") + message("m", "paid") + message("n", "stop")
ROOTS += signal("s", "alarm")


@dataclass(frozen=True)
class Case:
    elements: tuple[Element, ...]
    flows: str
    drive: str
    expected: str
    called: str = ""
    status: InstanceStatus = InstanceStatus.COMPLETED


def handler(
    id: str, trigger: str, *, interrupting: bool = True, does: Element | None = None, then: str = ""
) -> Element:
    """An event sub-process: its event, one task `fix-ID`, an end event that may throw."""
    begin, fix, over = (
        event_start(f"{id}-s", trigger, interrupting=interrupting),
        does or user_task(f"fix-{id}"),
        end(f"{id}-e", then),
    )
    return event_sub_process(id, begin, fix, over, flows=f"{begin.id} -> {fix.id} -> {over.id}")


def body(
    id: str, *elements: Element, flows: str, inner: str = "", make: Callable[..., Element] = sub_process
) -> Element:
    """A sub-process `id` from `id-s` to `id-e`: flows begin with `>` at the one and end with `<` at the other."""
    written = re.sub(r"(^|; )> ", rf"\1{id}-s -> ", flows)
    written = re.sub(r" <(;|$)", rf" -> {id}-e\1", written)
    ends = () if any(element.id == f"{id}-e" for element in elements) else (end(f"{id}-e"),)
    return make(id, start(f"{id}-s"), *elements, *ends, flows=written, inner=inner)


TWO = multi_instance(cardinality="${2}")
ONE_BY_ONE = multi_instance(cardinality="${2}", sequential=True)


def run(case: Case, **options: Limits) -> str:
    data = document(process("p", start(), *case.elements, end(), flows=case.flows), case.called, roots=ROOTS)
    simulator = simulate(data, **options)
    instance = simulator.start("p", {"go": False})
    for word in case.drive.split():
        if word[0] == "!":
            code, _, element = word[1:].partition("@")
            simulator.raise_error(element, code)
        elif word[0] == "*":
            simulator.publish(word[1:])
        elif word[0] == "%":
            simulator.signal(word[1:])
        elif word[0] == "?":
            simulator.set_variables(instance, **{word[1:]: True})
        elif word[:-1].isdigit() and word[-1] == "h":
            simulator.advance(timedelta(hours=int(word[:-1])))
        else:
            simulator.complete(word)
    assert simulator.status(instance) is case.status
    return " ".join(simulator.trace(instance, "+-~^@!"))


CASES: dict[str, Case] = {
    "boundary of a sub-process inside a multi-instance inside an event sub-process": Case(
        (
            user_task("a"),
            handler(
                "h",
                on_message("m"),
                does=body(
                    "each",
                    body("in", user_task("b"), flows="> b <"),
                    boundary("late", "in", timer(duration="PT1H")),
                    task("t"),
                    flows="> in <; late -> t <",
                    inner=TWO,
                ),
            ),
        ),
        "start -> a -> end",
        "*paid b 1h",
        (
            "+start -start +a ~a +h +h-s -h-s +each +each +each +each-s -each-s +each-s -each-s +in +in-s "
            "-in-s +in +in-s -in-s +b +b -b +in-e -in-e -in +each-e -each-e -each ~b ~in +late -late +t -t "
            "+each-e -each-e -each -each +h-e -h-e -h"
        ),
    ),
    "an event sub-process twice at once, with a sequential multi-instance in each": Case(
        (
            user_task("a"),
            handler(
                "h",
                on_signal("s"),
                interrupting=False,
                does=body("each", user_task("b"), flows="> b <", inner=ONE_BY_ONE),
            ),
        ),
        "start -> a -> end",
        "%alarm b %alarm a b b b",
        (
            "+start -start +a +h +h-s -h-s +each +each +each-s -each-s +b -b +each-e -each-e -each +each "
            "+each-s -each-s +b +h +h-s -h-s +each +each +each-s -each-s +b -a +end -end -b +each-e -each-e "
            "-each -each +h-e -h-e -h -b +each-e -each-e -each +each +each-s -each-s +b -b +each-e -each-e "
            "-each -each +h-e -h-e -h"
        ),
    ),
    "interrupting while compensating": Case(
        (
            body(
                "sub",
                *compensated(task("a"), user_task("undo-a-task")),
                *compensated(task("b"), user_task("undo-b-task")),
                throw("undo", on_compensation()),
                flows="> a -> b -> undo <",
            ),
            boundary("out", "sub", on_message("n")),
        ),
        "start -> sub -> end; out -> end",
        "undo-b-task *stop",
        (
            "+start -start +sub +sub-s -sub-s +a -a +b -b +undo @compensation +undo-b-task -undo-b-task "
            "+undo-a-task ~undo ~undo-a-task ~sub +out -out +end -end"
        ),
    ),
    "an event sub-process interrupts while a handler is at work": Case(
        (
            *compensated(task("a"), user_task("undone")),
            throw("undo", on_compensation()),
            handler("h", on_message("n")),
        ),
        "start -> a -> undo -> end",
        "*stop fix-h",
        ("+start -start +a -a +undo @compensation +undone ~undo ~undone +h +h-s -h-s +fix-h -fix-h +h-e -h-e -h"),
    ),
    "escalation through a call activity from a multi-instance": Case(
        (
            call_activity("call", "q"),
            boundary("told", "call", on_escalation("x"), interrupting=False),
            task("seen"),
            end("e2"),
        ),
        "start -> call -> end; told -> seen -> e2",
        "",
        (
            "+start -start +call @escalation X1 +told -told +seen -seen +e2 -e2 @escalation X1 +told -told "
            "+seen -seen +e2 -e2 -call +end -end"
        ),
        called=process(
            "q",
            start("qs"),
            body("each", throw("esc", on_escalation("x")), flows="> esc <", inner=TWO),
            end("qe"),
            flows="qs -> each -> qe",
        ),
    ),
    "escalation interrupts the call out of which a multi-instance sends it": Case(
        (call_activity("call", "q"), boundary("told", "call", on_escalation("x")), task("seen")),
        "start -> call -> end; told -> seen -> end",
        "b",
        "+start -start +call @escalation X1 ~call +told -told +seen -seen +end -end",
        called=process(
            "q",
            start("qs"),
            body("each", user_task("b"), throw("esc", on_escalation("x")), flows="> b -> esc <", inner=TWO),
            end("qe"),
            flows="qs -> each -> qe",
        ),
    ),
    "cancel inside a nested transaction in a multi-instance": Case(
        (
            body(
                "each",
                body(
                    "deal",
                    *compensated(task("a"), task("undone")),
                    exclusive("x"),
                    end("cancel", CANCEL),
                    flows="> a -> x -[loopCounter == 1]-> cancel; x -[default]-> deal-e",
                    make=transaction,
                ),
                boundary("cancelled", "deal", CANCEL),
                task("again"),
                flows="> deal <; cancelled -> again <",
                inner=ONE_BY_ONE,
            ),
        ),
        "start -> each -> end",
        "",
        (
            "+start -start +each +each +each-s -each-s +deal +deal-s -deal-s +a -a +x -x +deal-e -deal-e "
            "-deal +each-e -each-e -each +each +each-s -each-s +deal +deal-s -deal-s +a -a +x -x +cancel "
            "@compensation +undone -undone -cancel ~deal +cancelled -cancelled +again -again +each-e -each-e "
            "-each -each +end -end"
        ),
    ),
    "cancel of the outer transaction undoes the inner one that is completed": Case(
        (
            body(
                "outer",
                body("inner", *compensated(task("a"), task("undone")), flows="> a <", make=transaction),
                end("cancel", CANCEL),
                flows="> inner -> cancel",
                make=transaction,
            ),
            boundary("cancelled", "outer", CANCEL),
        ),
        "start -> outer -> end; cancelled -> end",
        "",
        (
            "+start -start +outer +outer-s -outer-s +inner +inner-s -inner-s +a -a +inner-e -inner-e -inner "
            "+cancel @compensation +undone -undone -cancel ~outer +cancelled -cancelled +end -end"
        ),
    ),
    "cancel ends what is active in a multi-instance beside it": Case(
        (
            body(
                "deal",
                parallel("f"),
                body("each", user_task("b"), flows="> b <", inner=TWO),
                user_task("stop"),
                end("cancel", CANCEL),
                flows="> f -> each <; f -> stop -> cancel",
                make=transaction,
            ),
            boundary("cancelled", "deal", CANCEL),
        ),
        "start -> deal -> end; cancelled -> end",
        "b stop",
        (
            "+start -start +deal +deal-s -deal-s +f -f +each +each +each +each-s -each-s +each-s -each-s "
            "+stop +b +b -b +each-e -each-e -each -stop +cancel ~b ~each ~each @compensation -cancel ~deal "
            "+cancelled -cancelled +end -end"
        ),
    ),
    "event-based gateway inside an event sub-process": Case(
        (
            user_task("a"),
            event_sub_process(
                "h",
                event_start("hs", on_signal("s"), interrupting=False),
                event_based("g"),
                catch("paid", on_message("m")),
                catch("late", timer(duration="PT1H")),
                end("he"),
                flows="hs -> g -> paid -> he; g -> late -> he",
            ),
        ),
        "start -> a -> end",
        "%alarm %alarm *paid 1h a",
        (
            "+start -start +a +h +hs -hs +g +h +hs -hs +g -g +paid -paid +he -he -h -g +late -late +he -he "
            "-h -a +end -end"
        ),
    ),
    "terminate within the body of a multi-instance": Case(
        (
            body(
                "each",
                parallel("f"),
                user_task("a"),
                user_task("b"),
                end("stop", TERMINATE),
                flows="> f -> a -> stop; f -> b <",
                inner=TWO,
            ),
        ),
        "start -> each -> end",
        "a b a",
        (
            "+start -start +each +each +each +each-s -each-s +each-s -each-s +f -f +f -f +a +b +a +b -a "
            "+stop ~b -stop -each -b +each-e -each-e -a +stop -stop -each -each +end -end"
        ),
    ),
    "error thrown in a compensation handler goes to where the compensation was thrown": Case(
        (
            body(
                "sub",
                *compensated(task("a"), service_task("undone")),
                throw("undo", on_compensation()),
                flows="> a -> undo <",
            ),
            boundary("wrong", "sub", on_error("e")),
            task("seen"),
        ),
        "start -> sub -> end; wrong -> seen -> end",
        "!E1@undone",
        (
            "+start -start +sub +sub-s -sub-s +a -a +undo @compensation +undone ^E1 ~undo ~undone ~sub "
            "+wrong -wrong +seen -seen +end -end"
        ),
    ),
    "two timers race at one host, the earlier interrupts": Case(
        (
            user_task("a"),
            boundary("soon", "a", timer(duration="PT1H"), interrupting=False),
            boundary("late", "a", timer(duration="PT2H")),
            task("t1"),
            task("t2"),
            end("e1"),
        ),
        "start -> a -> end; soon -> t1 -> e1; late -> t2 -> end",
        "3h",
        "+start -start +a +soon -soon +t1 -t1 +e1 -e1 ~a +late -late +t2 -t2 +end -end",
    ),
    "a cycle goes on until its host is interrupted": Case(
        (
            user_task("a"),
            boundary("again", "a", timer(cycle="R/PT1H"), interrupting=False),
            boundary("late", "a", timer(duration="PT150M")),
            end("e1"),
        ),
        "start -> a -> end; again -> e1; late -> end",
        "9h",
        "+start -start +a +again -again +e1 -e1 +again -again +e1 -e1 ~a +late -late +end -end",
    ),
    "timers of scopes one in another: the outer one first": Case(
        (
            body(
                "out",
                body("in", user_task("a"), flows="> a <"),
                boundary("bi", "in", timer(duration="PT2H")),
                flows="> in <; bi -> out-e",
            ),
            boundary("bo", "out", timer(duration="PT1H")),
        ),
        "start -> out -> end; bo -> end",
        "5h",
        "+start -start +out +out-s -out-s +in +in-s -in-s +a ~a ~in ~out +bo -bo +end -end",
    ),
    "an error of one instance ends the others, and what they have called": Case(
        (
            body(
                "each",
                call_activity("call", "q"),
                service_task("a"),
                parallel("f"),
                flows="> f -> call <; f -> a <",
                inner=TWO,
            ),
            boundary("wrong", "each", on_error()),
        ),
        "start -> each -> end; wrong -> end",
        "!E1@a",
        (
            "+start -start +each +each +each +each-s -each-s +each-s -each-s +f -f +f -f +call +a +call +a "
            "^E1 ~call ~a ~each ~call ~a ~each ~each +wrong -wrong +end -end"
        ),
        called=process("q", start("qs"), user_task("b"), end("qe"), flows="qs -> b -> qe"),
    ),
    "an error passes a sub-process that catches another, and an event sub-process that does too": Case(
        (
            body(
                "out",
                body("in", service_task("a"), handler("h2", on_error("f")), flows="> a <"),
                boundary("other", "in", on_error("f")),
                handler("h1", on_error("e")),
                flows="> in <; other -> out-e",
            ),
        ),
        "start -> out -> end",
        "!E1@a fix-h1",
        (
            "+start -start +out +out-s -out-s +in +in-s -in-s +a ^E1 ~a ~in +h1 +h1-s -h1-s +fix-h1 -fix-h1 "
            "+h1-e -h1-e -h1 -out +end -end"
        ),
    ),
    "an event sub-process throws further out what it cannot handle": Case(
        (
            body(
                "sub",
                service_task("a"),
                handler("h", on_error("e"), does=task("look"), then=on_error("f")),
                flows="> a <",
            ),
            boundary("wrong", "sub", on_error("f")),
        ),
        "start -> sub -> end; wrong -> end",
        "!E1@a",
        (
            "+start -start +sub +sub-s -sub-s +a ^E1 ~a +h +h-s -h-s +look -look +h-e ^E2 -h-e ~h ~sub "
            "+wrong -wrong +end -end"
        ),
    ),
    "an event sub-process within an event sub-process": Case(
        (
            user_task("a"),
            event_sub_process(
                "h",
                event_start("hs", on_message("m")),
                user_task("b"),
                end("he"),
                handler("hh", on_message("n")),
                flows="hs -> b -> he",
            ),
        ),
        "start -> a -> end",
        "*paid *stop fix-hh",
        "+start -start +a ~a +h +hs -hs +b ~b +hh +hh-s -hh-s +fix-hh -fix-hh +hh-e -hh-e -hh -h",
    ),
    "a condition interrupts a multi-instance whose instance sets the variable": Case(
        (
            body(
                "each",
                user_task("a"),
                Element("scriptTask", "set", {"scriptFormat": "python"}, "<script>go = True</script>"),
                flows="> a -> set <",
                inner=TWO,
            ),
            boundary("c", "each", on_condition("${go}")),
            task("seen"),
        ),
        "start -> each -> end; c -> seen -> end",
        "a",
        (
            "+start -start +each +each +each +each-s -each-s +each-s -each-s +a +a -a +set ~set ~each ~a "
            "~each ~each +c -c +seen -seen +end -end"
        ),
    ),
    "a signal thrown by one branch ends the host of another and starts an event sub-process": Case(
        (
            parallel("f"),
            user_task("a"),
            throw("shout", on_signal("s")),
            user_task("b"),
            boundary("heard", "b", on_signal("s")),
            handler("h", on_signal("s"), interrupting=False),
            exclusive("m"),
            parallel("j"),
        ),
        "start -> f -> a -> shout -> j -> end; f -> b -> m -> j; heard -> m",
        "a fix-h",
        (
            "+start -start +f -f +a +b -a +shout @signal alarm -shout +h +h-s -h-s +fix-h ~b +heard -heard "
            "+m -m +j -j +end -end -fix-h +h-e -h-e -h"
        ),
    ),
    "compensation of a multi-instance of sub-processes, the last first, inside a loop": Case(
        (
            body(
                "round",
                body("each", *compensated(task("a"), task("undone")), flows="> a <", inner=ONE_BY_ONE),
                throw("undo", on_compensation("each")),
                flows="> each -> undo <",
                inner=standard_loop(maximum=2),
            ),
        ),
        "start -> round -> end",
        "",
        (
            "+start -start +round +round +round-s -round-s +each +each +each-s -each-s +a -a +each-e -each-e "
            "-each +each +each-s -each-s +a -a +each-e -each-e -each -each +undo @compensation +undone "
            "-undone +undone -undone -undo +round-e -round-e -round +round +round-s -round-s +each +each "
            "+each-s -each-s +a -a +each-e -each-e -each +each +each-s -each-s +a -a +each-e -each-e -each "
            "-each +undo @compensation +undone -undone +undone -undone -undo +round-e -round-e -round -round "
            "+end -end"
        ),
    ),
    "compensation of a parallel multi-instance that passes at once": Case(
        (
            body(
                "sub",
                *compensated(task("a", TWO), user_task("undone")),
                end("undo", on_compensation()),
                flows="> a -> undo",
            ),
        ),
        "start -> sub -> end",
        "undone undone",
        (
            "+start -start +sub +sub-s -sub-s +a +a -a +a -a -a +undo @compensation +undone -undone +undone "
            "-undone -undo -sub +end -end"
        ),
    ),
    "compensation event sub-process runs before what follows the throw, with a boundary inside it": Case(
        (
            body(
                "sub",
                task("a"),
                event_sub_process(
                    "h",
                    event_start("hs", on_compensation()),
                    user_task("b"),
                    boundary("late", "b", timer(duration="PT1H")),
                    end("he"),
                    flows="hs -> b -> he; late -> he",
                ),
                flows="> a <",
            ),
            throw("undo", on_compensation("sub")),
            task("after"),
        ),
        "start -> sub -> undo -> after -> end",
        "1h",
        (
            "+start -start +sub +sub-s -sub-s +a -a +sub-e -sub-e -sub +undo @compensation +h +hs -hs +b ~b "
            "+late -late +he -he -h -undo +after -after +end -end"
        ),
    ),
    "an inclusive join waits for a branch with an event sub-process, not for one that was interrupted": Case(
        (
            inclusive("split"),
            user_task("a"),
            body("sub", user_task("b"), handler("h", on_message("n")), flows="> b <"),
            boundary("out", "sub", timer(duration="PT1H")),
            end("gone"),
            inclusive("join"),
        ),
        "start -> split -[1 == 1]-> a -> join; split -[2 == 2]-> sub -> join; out -> gone; join -> end",
        "*stop a 1h",
        (
            "+start -start +split -split +a +sub +sub-s -sub-s +b ~b +h +h-s -h-s +fix-h -a ~fix-h ~h ~sub "
            "+out -out +gone -gone +join -join +end -end"
        ),
    ),
    "an ad-hoc sub-process in a multi-instance with a boundary event in it": Case(
        (
            ad_hoc(
                "free",
                user_task("a"),
                user_task("b"),
                boundary("late", "b", timer(duration="PT1H")),
                task("t"),
                flows="late -> t",
                inner=TWO,
            ),
        ),
        "start -> free -> end",
        "a 1h a",
        (
            "+start -start +free +free +free +a +b +a +b -a ~b +late -late +t -t -free ~b +late -late +t -t "
            "-a -free -free +end -end"
        ),
    ),
    "a terminate end event leaves no handler, no listener and no timer behind": Case(
        (
            parallel("f"),
            user_task("a"),
            end("stop", TERMINATE),
            user_task("b"),
            boundary("again", "b", timer(cycle="R/PT1H"), interrupting=False),
            end("e1"),
            handler("h", on_signal("s"), interrupting=False),
        ),
        "start -> f -> a -> stop; f -> b -> end; again -> e1",
        "1h %alarm a 9h %alarm",
        "+start -start +f -f +a +b +again -again +e1 -e1 +h +h-s -h-s +fix-h -a +stop ~b ~fix-h ~h -stop",
    ),
    "an error ends a transaction without compensation, an escalation before it goes on": Case(
        (
            body(
                "deal",
                *compensated(task("a"), task("undone")),
                throw("esc", on_escalation("x")),
                end("wrong", on_error("e")),
                flows="> a -> esc -> wrong",
                make=transaction,
            ),
            boundary("told", "deal", on_escalation("x"), interrupting=False),
            boundary("caught", "deal", on_error("e")),
            end("e2"),
        ),
        "start -> deal -> end; told -> e2; caught -> end",
        "",
        (
            "+start -start +deal +deal-s -deal-s +a -a +esc @escalation X1 +told -told -esc +e2 -e2 +wrong "
            "^E1 -wrong ~deal +caught -caught +end -end"
        ),
    ),
    "an error of a called process passes a boundary event that catches another": Case(
        (
            body(
                "sub",
                call_activity("call", "q"),
                boundary("other", "call", on_error("f")),
                flows="> call <; other -> sub-e",
            ),
            boundary("any", "sub", on_error()),
        ),
        "start -> sub -> end; any -> end",
        "",
        "+start -start +sub +sub-s -sub-s +call ^E1 ~call ~sub +any -any +end -end",
        called=process("q", start("qs"), end("qe", on_error("e")), flows="qs -> qe"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_should_happen_in_this_order(name: str) -> None:
    case = CASES[name]

    assert run(case).split() == case.expected.split()


@pytest.mark.parametrize("name", CASES)
def test_should_happen_all_the_same_in_the_smallest_steps(name: str) -> None:
    """The order may differ, since what does not fit into a step comes later; what happens does not."""
    case = CASES[name]

    happened = run(case, limits=Limits(transitions_per_step=1, scopes_per_step=1))

    assert sorted(happened.split()) == sorted(case.expected.split())
