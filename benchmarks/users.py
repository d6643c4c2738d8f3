"""People at work: start an instance, find its task in the list, complete it, find the next, complete that."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any

from benchmarks.deployment import Deployment
from benchmarks.load import Answered
from tests.support.processes import TOKEN

HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


class _Person:
    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body)
        self._connection.request(method, "/api/v1" + path, data, HEADERS)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return json.loads(content) if content else None

    def one_instance(self, completions: list[float]) -> None:
        instance = self.call("POST", "/instances", {"definitionKey": "bench", "variables": {"approved": True}})
        for _ in range(2):
            task = self.call("GET", f"/tasks?instanceId={instance['id']}&status=OPEN")["items"][0]
            began = time.perf_counter()
            self.call("POST", f"/tasks/{task['id']}/complete", {"variables": {"approved": True}})
            completions.append((time.perf_counter() - began) * 1000)


def complete_users(
    running: Deployment, clients: int, seconds: float, warm_up: float
) -> tuple[dict[str, Any], Answered]:
    """As many clients as asked for, in this process; the latencies are those of the completions."""
    from benchmarks.throughput import difference, snapshot

    answered = Answered()
    counting, stop = threading.Event(), threading.Event()

    def work() -> None:
        person = _Person(running.port)
        while not stop.is_set():
            completions: list[float] = []
            person.one_instance(completions)
            if counting.is_set():
                answered.latencies_ms.extend(completions)
                answered.done += len(completions)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(warm_up)
    before, cpu = snapshot(running), time.process_time()
    counting.set()
    time.sleep(seconds)
    after = snapshot(running)
    answered.cpu_seconds = time.process_time() - cpu
    stop.set()
    for thread in threads:
        thread.join(10)
    return difference(running, before, after), answered
