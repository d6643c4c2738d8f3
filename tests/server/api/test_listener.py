"""The HTTP server itself: it stops without cutting off requests, and at once where nothing is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx
import pytest
from flask import Flask

from server.api.listener import Listener
from server.config import ConfigError, Settings


class Running:
    def __init__(self, view: Callable[[], str]) -> None:
        app = Flask("test")
        app.add_url_rule("/", view_func=view)
        self.listener = Listener(app, Settings(port=0, http_threads=4))
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.listener.run, args=(self.stop,))
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.listener.wake()


def test_should_answer_the_request_at_hand_before_it_stops() -> None:
    # given a request that is being answered
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert go_on.wait(20)
        return "done"

    running = Running(slow)
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(httpx.get(running.listener.url, timeout=30).text))
    asking.start()
    assert begun.wait(20)

    # when the server is told to stop
    running.end()
    go_on.set()

    # then
    asking.join(20)
    running.thread.join(20)
    assert (answers, running.thread.is_alive()) == (["done"], False)


def test_should_take_no_requests_after_the_stop() -> None:
    running = Running(lambda: "never")
    url = running.listener.url

    running.end()
    running.thread.join(20)
    running.listener.wake()

    assert not running.thread.is_alive()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_should_refuse_an_address_that_is_not_of_this_machine(host: str) -> None:
    with pytest.raises(ConfigError, match=host):
        Listener(Flask("test"), Settings(host=host, port=0))
