"""Random processes with events: blocks beside those of `random_models`, sound by how they are made as well.

- What may interrupt has a way out that meets the ordinary one, or is an event sub-process that ends its scope.
- What does not interrupt ends in an end event of its own.
- What waits for something from outside can always be given it; `tests.support.random_driving` does so.
- Errors, cancellation and termination are thrown by a choice on any flow inside their scope: whatever else is active
  there ends with it.

Calls, compensation handlers and links between any blocks come in addition. `CONFLUENT` are the blocks of which the
order in which things are done does not change what is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Self

from tests.support.models import (
    CANCEL,
    TERMINATE,
    Element,
    ad_hoc,
    boundary,
    call_activity,
    catch,
    compensated,
    complex_gateway,
    document,
    end,
    error,
    escalation,
    event_based,
    event_start,
    event_sub_process,
    exclusive,
    extension,
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
    standard_loop,
    sub_process,
    task,
    throw,
    timer,
    transaction,
    user_task,
)
from tests.support.random_models import Diagram, Edge
from tests.support.random_rewrites import Unstructured

CONFLUENT = (
    *("leaf", "repeated", "choice", "fork", "subset", "loop", "scope"),
    *("link", "gather", "together", "open", "call", "undo", "told"),
)
ALL = (
    *CONFLUENT,
    *("first", "wait", "race", "shout", "guarded", "handled", "handled", "failing", "raising", "cut_short", "undone"),
)
SCOPES = ("scope", "undo", "guarded", "handled", "failing", "raising", "cut_short", "undone")
COMPENSABLE = ("task", "userTask", "serviceTask", "subProcess", "callActivity")


@dataclass
class Eventful(Unstructured):
    """A diagram with events; what its processes share is shared by all diagrams within."""

    kinds: tuple[str, ...] = ALL
    roots: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    levels: int = 2
    """How deep scopes may be nested."""
    flags: set[str] = field(default_factory=set)
    """Variables that are false until a condition is to happen."""

    def within(self) -> Eventful:
        """A diagram of its own, for a scope within."""
        return replace(self, nodes={}, edges=[], forks=[], merges=[], barriers=[], levels=self.levels - 1).begin()

    def inside(self) -> Eventful:
        """A diagram of its own, drawn."""
        inner = self.within()
        inner.refine(self.random.randint(1, 3)).rewrite(self.random.randint(0, 1))
        return inner

    def refine(self, times: int, depth: int = 1) -> Self:
        """As deep as `levels` says."""
        kinds = self.kinds if self.levels > 0 else tuple(kind for kind in self.kinds if kind not in SCOPES)
        self.kinds, every = kinds, self.kinds
        super().refine(times, depth)
        self.kinds = every
        return self

    def boxed(self, inner: Eventful, make: Callable[..., Element], id: str, *more: Element, many: bool = True) -> str:
        """The diagram as a sub-process, perhaps once for each of several; not on a flow yet."""
        inner.make_undoable()
        loop = ""
        if many and self.instances and self.random.random() < 0.25:
            sequential = self.random.random() < 0.5
            loop = multi_instance(cardinality=self.expression(str(self.random.randint(1, 3))), sequential=sequential)
        content = inner.content()  # before the flows: it adds some
        return self.add(make(id, *content, *more, flows=inner.flows(), inner=loop))

    def make_undoable(self) -> None:
        """Handlers for some of the activities."""
        handled = {node.attributes["sourceRef"] for node in self.nodes.values() if node.tag == "association"}
        for node in list(self.nodes.values()):
            if node.tag not in COMPENSABLE or node.attributes.get("isForCompensation") or f"undo-{node.id}" in handled:
                continue
            if self.random.random() < 0.3:
                make = self.random.choice([task, user_task])
                for element in compensated(node, make(self.name("h"))):
                    self.add(element)

    def either(self, edge: Edge, other: Element) -> None:
        """A choice on the edge: to an end event, or on."""
        split = self.add(exclusive(self.name("or")))
        _, rest = self.insert(edge, split)
        rest.condition = "default"
        self.edges.append(Edge(split, self.add(other), self.pick(self.random.randint(1, 3), 0)))

    def any_edge(self) -> Edge:
        return self.random.choice([edge for edge in self.edges if edge.context is not None])

    def beside(self, edge: Edge, host: str, events: list[tuple[Element, bool]]) -> None:
        """The host on the edge with boundary events; interrupting ones lead to where it leads."""
        merge = self.add(exclusive(self.name("after")))
        between = self.insert(edge, host, merge)[1]
        if any(interrupting for _, interrupting in events):
            between.spine = False
        for number, (event, interrupting) in enumerate(events):
            self.add(event)
            if interrupting:
                key = (*edge.key, 1, 500 + number)
                self.edges.append(Edge(event.id, merge, None, edge.context, key))
            else:
                seen, over = self.add(user_task(self.name("seen"))), self.add(end(self.name("over")))
                self.edges += [Edge(event.id, seen), Edge(seen, over)]

    # -- what happens -------------------------------------------------------------------------------------------------

    def trigger(self, signal: str = "everyone") -> str:
        """Something that can be given from outside; the signal is also thrown inside."""
        kind = self.random.choice(["message", "timer", "timer", "signal", "condition"])
        match kind:
            case "message":
                id = self.name("m")
                self.roots.append(message(id))
                return on_message(id)
            case "timer":
                return timer(duration=f"PT{self.random.randint(1, 9)}H")
            case "signal":
                return on_signal(signal)
            case _:
                flag = self.name("flag")
                self.flags.add(flag)
                return on_condition(f"${{{flag}}}")

    def repeating(self) -> str:
        """For what does not interrupt: nothing inside throws it, lest it go on for ever."""
        cycle = timer(cycle=f"R{self.random.randint(1, 3)}/PT1H")
        return cycle if self.random.random() < 0.3 else self.trigger("someone")

    # -- blocks -------------------------------------------------------------------------------------------------------

    def scope(self, edge: Edge, depth: int) -> None:
        more = []
        if self.random.random() < 0.3:
            begin, fix, over = self.name("cs"), self.name("ct"), self.name("ce")
            content = (event_start(begin, on_compensation()), user_task(fix), end(over))
            more.append(event_sub_process(self.name("cesp"), *content, flows=f"{begin} -> {fix} -> {over}"))
        self.insert(edge, self.boxed(self.inside(), sub_process, self.name("sub"), *more))

    def repeated(self, edge: Edge) -> None:
        """A task that is done several times."""
        times, sequential = self.random.randint(0, 3), self.random.random() < 0.5
        loop = self.random.choice(
            [
                multi_instance(cardinality=f"${{{times}}}", sequential=sequential),
                standard_loop(maximum=times + 1),
                standard_loop(f"${{loopCounter < {times}}}", before=sequential),
            ]
        )
        self.insert(edge, self.add(self.random.choice([user_task, task])(self.name("rep"), loop)))

    def link(self, edge: Edge) -> None:
        name = self.name("link")
        here, there = self.add(throw(f"to-{name}", on_link(name))), self.add(catch(f"from-{name}", on_link(name)))
        between = self.insert(edge, here, there)[1]
        self.edges.remove(between)

    def gather(self, edge: Edge) -> None:
        """Two tokens out of one, and one out of two."""
        two, one = service_task(self.name("two")), service_task(self.name("one"))
        two.attributes["completionQuantity"] = one.attributes["startQuantity"] = "2"
        self.insert(edge, self.add(two), self.add(one))[1].context = None

    def together(self, edge: Edge) -> None:
        """A complex gateway that wants all branches."""
        count = self.random.randint(2, 3)
        join = complex_gateway(self.name("all"), f"${{activationCount >= {count}}}")
        self.branches(edge, parallel(self.name("fork")), join, [None] * count, fork=True)

    def first(self, edge: Edge) -> None:
        """A complex gateway that wants some of the branches."""
        count = self.random.randint(2, 3)
        join = complex_gateway(self.name("few"), f"${{activationCount >= {self.random.randint(1, count)}}}")
        self.branches(edge, parallel(self.name("fork")), join, [None] * count, fork=True)

    def open(self, edge: Edge) -> None:
        """An ad-hoc sub-process."""
        tasks = [self.random.choice([user_task, user_task, task])(self.name("free")) for _ in range(3)]
        flows = f"{tasks[0].id} -> {tasks[1].id}" if self.random.random() < 0.5 else ""
        until = None
        if "first" in self.kinds and self.random.random() < 0.5:
            until = self.pick(self.random.randint(1, 3), 0)
        sequential, cancel = self.random.random() < 0.5, self.random.random() < 0.5
        box = ad_hoc(self.name("free"), *tasks, flows=flows, sequential=sequential, until=until, cancel=cancel)
        self.insert(edge, self.add(box))

    def call(self, edge: Edge) -> None:
        """Another process, which may end by an error or throw an escalation where order may count."""
        key = self.name("q")
        inner = replace(self.within(), levels=0).refine(2)
        events: list[tuple[Element, bool]] = []
        id = self.name("call")
        if "first" in self.kinds:
            events = self._thrown(inner, id)
        inner.make_undoable()
        content = inner.content()
        self.called.append(process(key, *content, flows=inner.flows()))
        caller = call_activity(id, key, extension('<camunda:in variables="all"/>'))
        self.beside(edge, self.add(caller), events)

    def _thrown(self, inner: Eventful, host: str) -> list[tuple[Element, bool]]:
        """Throw an error, or an escalation, somewhere inside; who catches it at the host."""
        what = self.random.choice(["error", "escalation", "end by escalation", "nothing"])
        interrupting = what == "error" or self.random.random() < 0.5
        if what == "nothing":
            return []
        if what == "error":
            inner.either(inner.any_edge(), end(self.name("fail"), on_error("wrong")))
            code = on_error("wrong" if self.random.random() < 0.5 else None)
        else:
            code = on_escalation("late" if self.random.random() < 0.5 else None)
            if what == "escalation":
                inner.insert(inner.any_edge(), inner.add(throw(self.name("esc"), on_escalation("late"))))
            else:
                # The last event of its scope: what comes after it would never come, or have no token.
                inner.nodes[inner.end] = end(inner.end, on_escalation("late"))
        return [(boundary(self.name("caught"), host, code, interrupting=interrupting), interrupting)]

    def failing(self, edge: Edge) -> None:
        """A sub-process with an error inside that ends it, whatever is active."""
        inner, id = self.inside(), self.name("risky")
        inner.either(inner.any_edge(), end(self.name("fail"), on_error("wrong")))
        host = self.boxed(inner, sub_process, id)
        self.beside(edge, host, [(boundary(self.name("caught"), id, on_error("wrong")), True)])

    def raising(self, edge: Edge) -> None:
        """A sub-process out of which escalations come."""
        inner, id = self.inside(), self.name("loud")
        events = self._thrown(inner, id)
        self.beside(edge, self.boxed(inner, sub_process, id), events)

    def cut_short(self, edge: Edge) -> None:
        """A sub-process that is terminated from within."""
        inner = self.inside()
        inner.either(inner.any_edge(), end(self.name("stop"), TERMINATE))
        self.insert(edge, self.boxed(inner, sub_process, self.name("short")))

    def undone(self, edge: Edge) -> None:
        """A transaction that may be cancelled while other things in it are active."""
        inner, id = self.inside(), self.name("deal")
        inner.either(inner.any_edge(), end(self.name("cancel"), CANCEL))
        host = self.boxed(inner, transaction, id)
        events = [(boundary(self.name("cancelled"), id, CANCEL), True)]
        if self.random.random() < 0.3:
            events.append((boundary(self.name("b"), id, self.trigger()), True))
        self.beside(edge, host, events)

    def undo(self, edge: Edge) -> None:
        """A sub-process whose activities are compensated before it ends, by an event on the way or at the end."""
        inner = self.inside()
        wait = "first" not in self.kinds or self.random.random() < 0.7
        if self.random.random() < 0.5:
            inner.nodes[inner.end] = end(inner.end, on_compensation(wait=wait))
        else:
            undo = inner.add(throw(self.name("undo"), on_compensation(wait=wait)))
            for last in inner.into(inner.end):
                last.target = undo
            inner.edges.append(Edge(undo, inner.end))
        self.insert(edge, self.boxed(inner, sub_process, self.name("sub")))

    def told(self, edge: Edge) -> None:
        """A message thrown to whoever it may concern; nobody waits for it."""
        self.insert(edge, self.add(throw(self.name("tell"), on_message("news"))))

    def shout(self, edge: Edge) -> None:
        """A signal to everyone who waits now."""
        self.insert(edge, self.add(throw(self.name("shout"), on_signal("everyone"))))

    def wait(self, edge: Edge) -> None:
        self.insert(edge, self.add(catch(self.name("catch"), self.trigger())))

    def race(self, edge: Edge) -> None:
        """The first of several events decides."""
        gateway, merge = self.add(event_based(self.name("g"))), self.add(exclusive(self.name("after")))
        between = self.insert(edge, gateway, merge)[1]
        self.edges.remove(between)
        for number in range(self.random.randint(2, 3)):
            waits = self.add(catch(self.name("catch"), self.trigger()))
            self.edges.append(Edge(gateway, waits))
            self.edges.append(Edge(waits, merge, None, edge.context, (*edge.key, 1, number)))

    def guarded(self, edge: Edge) -> None:
        """An activity with events at its boundary."""
        id = self.name("host")
        host = self.add(service_task(id)) if self.random.random() < 0.5 else self.boxed(self.inside(), sub_process, id)
        events = []
        for _ in range(self.random.randint(1, 2)):
            interrupting = self.random.random() < 0.5
            trigger = self.trigger() if interrupting else self.repeating()
            events.append((boundary(self.name("b"), id, trigger, interrupting=interrupting), interrupting))
        self.beside(edge, host, events)

    def handled(self, edge: Edge) -> None:
        """A sub-process with event sub-processes."""
        inner = self.inside()
        handlers = [self._handler(inner) for _ in range(self.random.randint(1, 2))]
        self.insert(edge, self.boxed(inner, sub_process, self.name("cared"), *handlers))

    def _handler(self, inner: Eventful) -> Element:
        interrupting = self.random.random() < 0.5
        what = self.random.choice(["event", "event", "error", "escalation"])
        if what == "error":
            inner.either(inner.any_edge(), end(self.name("fail"), on_error("wrong")))
            trigger, interrupting = on_error(), True
        elif what == "escalation":
            inner.insert(inner.any_edge(), inner.add(throw(self.name("esc"), on_escalation("late"))))
            trigger = on_escalation("late")
        else:
            trigger = self.trigger() if interrupting else self.repeating()
        body = replace(self.within(), levels=0).refine(2)
        body.make_undoable()
        first = next(id for id, node in body.nodes.items() if node.tag == "startEvent")
        body.nodes[first] = event_start(first, trigger, interrupting=interrupting)
        content = body.content()
        return event_sub_process(self.name("esp"), *content, flows=body.flows())

    # -- writing ------------------------------------------------------------------------------------------------------

    def document(self) -> bytes:
        content = self.content()
        roots = [error("wrong", "WRONG"), escalation("late", "LATE"), message("news")]
        roots += [signal("everyone", "everyone"), signal("someone", "someone")]
        return document(process("p", *content, flows=self.flows()), *self.called, roots="".join(roots + self.roots))

    def start_variables(self, pick: int) -> dict[str, int | bool]:
        return {**self.variables(pick), **dict.fromkeys(sorted(self.flags), False)}


def eventful(seed: int, size: int, rewrites: int, kinds: tuple[str, ...] = ALL, *, instances: bool = True) -> Eventful:
    """A sound process; the same for the same numbers."""
    diagram = Eventful(Random(seed), kinds=kinds, instances=instances).begin()
    diagram.refine(size).rewrite(rewrites)
    diagram.make_undoable()
    return diagram


__all__ = ["ALL", "CONFLUENT", "Diagram", "Eventful", "eventful"]
