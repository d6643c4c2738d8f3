"""`bpmnd demo`: a server on the embedded default, with the samples deployed driven to their end before your eyes."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from server import config
from server.cli.client import Client
from server.cli.narrator import JobLines, Narrator
from server.cli.output import fail, out
from server.samples import Sample, connector_modules, find_samples

POLL_SECONDS = 0.05


def demo(
    seconds: Annotated[float, typer.Option(min=1, help="How long one sample may take.")] = 60,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the server running afterwards.")] = False,
) -> None:
    """Start a server on a temporary database and drive the samples to their end before your eyes."""
    samples = find_samples()
    if not samples:
        fail("Expected samples beside bpmnd, but there are none")
    with tempfile.TemporaryDirectory(prefix="bpmnd-demo-") as directory, serving(Path(directory)) as (url, token):
        out().print(f"[bold]bpmnd[/] answers at {url} (SQLite, bus in memory); its API is shown at {url}/docs\n")
        client = Client(url, token)
        with JobLines() as lines:
            failed = [sample.name for sample in samples if not Run(client, sample, lines).to_the_end(seconds)]
        if keep:
            out().print(f"Token: {token}\nPress Ctrl+C to stop.")
            _until_interrupted()
    if failed:
        fail(f"Expected every sample to reach its end, but {', '.join(failed)} did not")
    out().print(f"[bold green]All {len(samples)} samples reached their end.[/]")


@contextmanager
def serving(directory: Path) -> Iterator[tuple[str, str]]:
    """A whole server in this process on a free port; yields its URL and admin token."""
    from server.api.listener import Listener
    from server.app import assemble

    settings = config.Settings(
        data_dir=directory, port=0, log_level="error", worker_modules=connector_modules(), rate_limit=""
    )
    server = assemble(settings)
    assert server.flask is not None
    listener = Listener(server.flask, settings)
    stop = threading.Event()
    thread = threading.Thread(target=listener.run, args=(stop,), name="http")
    server.start()
    thread.start()
    try:
        yield listener.url, config.admin_token(settings)[0]
    finally:
        stop.set()
        listener.wake()
        thread.join()
        server.stop()


class Run:
    """One sample on its way: deployed, started, its user tasks done, its message sent, as its script says."""

    def __init__(self, client: Client, sample: Sample, lines: JobLines) -> None:
        self._client = client
        self._sample = sample
        self._script = sample.script
        self._tell = Narrator(lines)
        self._done: set[str] = set()
        """Elements that were completed, by id."""
        self._offered: set[str] = set()
        """User tasks whose offering was shown, by id."""
        self._seen = 0
        """Sequence number of the last event that was shown."""
        self._message: Mapping[str, Any] | None = sample.script.get("message")

    def to_the_end(self, seconds: float) -> bool:
        """False where the sample is refused, stands still or does not end in time; says so."""
        self._tell.title(self._sample.name, self._script.get("title", ""))
        key = self._deploy()
        if key is None:
            return False
        variables = self._script.get("variables", {})
        self._tell.call("/instances", {"definitionKey": key, "variables": variables})
        instance = self._client.post("/instances", {"definitionKey": key, "variables": variables})
        deadline = time.monotonic() + seconds
        while True:
            now = self._client.get(f"/instances/{instance['id']}")
            self._show_history(instance["id"])
            if now["endedAt"] is not None:
                self._tell.end(now)
                return bool(now["status"] == "COMPLETED")
            if now["incidents"] or time.monotonic() > deadline:
                self._tell.still(now)
                return False
            self._do_tasks(instance["id"])
            self._send_message()
            time.sleep(POLL_SECONDS)

    def _deploy(self) -> str | None:
        """Key of the process to start; None where the models were refused."""
        files = [(path.name, path.read_bytes()) for path in self._sample.models]
        response = self._client.upload("/deployments", files, {"name": self._sample.name})
        answer = response.json()
        if response.is_error:
            self._tell.line("refused", answer["detail"], "bold red")
            return None
        keys = [row["key"] for row in answer["definitions"]]
        self._tell.line("deployed", ", ".join(keys))
        return str(self._script.get("definitionKey", keys[0]))

    def _show_history(self, instance_id: str) -> None:
        for event in self._client.pages(f"/instances/{instance_id}/history", 10_000):
            if event["seq"] > self._seen:
                self._seen = event["seq"]
                self._tell.event(event)
                if event["type"] == "ELEMENT_COMPLETED":
                    self._done.add(event["elementId"])
                elif event["type"] == "USER_TASK_CREATED":
                    self._offered.add(event["data"]["id"])

    def _do_tasks(self, instance_id: str) -> None:
        for task in self._client.pages("/tasks", 100, instanceId=instance_id, status="OPEN,CLAIMED"):
            told = self._script.get("tasks", {}).get(task["elementId"], {})
            if task["id"] in self._offered and self._is_time(told):
                body = {"variables": told.get("variables", {})}
                self._tell.call(f"/tasks/{task['id']}/complete", body)
                self._client.post(f"/tasks/{task['id']}/complete", body)

    def _send_message(self) -> None:
        if self._message is not None and self._is_time(self._message):
            body = {name: value for name, value in self._message.items() if name != "after"}
            self._tell.call("/messages", body)
            self._client.post("/messages", body)
            self._message = None

    def _is_time(self, told: Mapping[str, Any]) -> bool:
        return "after" not in told or told["after"] in self._done


def _until_interrupted() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        out().print("stopped")
