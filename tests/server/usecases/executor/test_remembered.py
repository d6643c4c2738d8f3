"""What scopes remember without a token, loops and called global tasks, through HTTP and store."""

from __future__ import annotations

from tests.support.app import App, wait_until
from tests.support.models import (
    ad_hoc,
    call_activity,
    complex_gateway,
    document,
    end,
    model,
    parallel,
    process,
    standard_loop,
    start,
    user_task,
)

JOIN = model(
    *(start(), parallel("fork"), user_task("a"), user_task("b"), user_task("c")),
    *(complex_gateway("join", "activationCount >= 2"), user_task("next"), end()),
    flows="start -> fork; fork -> a -> join; fork -> b -> join; fork -> c -> join; join -> next -> end",
    key="join",
)
AD_HOC = model(
    start(),
    ad_hoc("sub", user_task("a"), user_task("b"), user_task("c"), sequential=True, until="enough"),
    end(),
    flows="start -> sub -> end",
    key="adhoc",
)
LOOP = model(start(), user_task("t", standard_loop("again")), end(), flows="start -> t -> end", key="loop")
CALLING = document(
    process("calling", start(), call_activity("call", "approve"), end(), flows="start -> call -> end"),
    roots='<globalUserTask id="approve" name="Approve"/>',
)


def test_should_keep_what_a_complex_gateway_waits_for(app: App) -> None:
    # given
    app.deploy(("join.bpmn", JOIN))
    instance = app.start("join")
    for element in ("a", "b", "next"):
        app.complete(app.task(instance, element))

    # when
    app.complete(app.task(instance, "c"))

    # then
    app.ended(instance)
    assert app.completed(instance).count("next") == 1


def test_should_keep_what_an_ad_hoc_sub_process_has_yet_to_start(app: App) -> None:
    # given
    app.deploy(("adhoc.bpmn", AD_HOC))
    instance = app.start("adhoc", {"enough": False})

    # when
    app.complete(app.task(instance, "a"))
    app.complete(app.task(instance, "b"), {"enough": True})

    # then
    app.ended(instance)


def test_should_repeat_a_standard_loop(app: App) -> None:
    # given
    app.deploy(("loop.bpmn", LOOP))
    instance = app.start("loop", {"again": True})

    # when
    app.complete(app.task(instance, "t"))
    app.complete(app.task(instance, "t"), {"again": False})

    # then
    app.ended(instance)


def test_should_deploy_and_call_a_global_task(app: App) -> None:
    # given
    app.deploy(("calling.bpmn", CALLING))
    instance = app.start("calling")

    # when
    wait_until(lambda: app.instances(definitionKey="approve"), what="the called instance")
    [called] = app.instances(definitionKey="approve")
    app.complete(app.task(called["id"], "approve.task"))

    # then
    app.ended(instance)
