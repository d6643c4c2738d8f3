"""Narrator: tells what happens to an instance, one line each, from its history."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.markup import escape

from server.cli.output import out

Event = Mapping[str, Any]
COLUMN = 16


class JobLines(logging.Handler):
    """What connectors log, by job, while it is entered."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: dict[str, str] = {}
        self._logger = logging.getLogger("connectors.job")

    def __enter__(self) -> Self:
        self._before = self._logger.level
        self._logger.addHandler(self)
        self._logger.setLevel(logging.INFO)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._before)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines[getattr(record, "jobId", "")] = record.getMessage().partition("] ")[2]

    def of(self, job_id: str) -> str | None:
        """The last line of a job."""
        return self._lines.get(job_id)


class Narrator:
    """Prints lines of `seconds  what  details`; seconds since it was made."""

    def __init__(self, lines: JobLines) -> None:
        self._start = time.monotonic()
        self._console = out()
        self._lines = lines
        self._values: dict[str, Any] = {}
        self._root: str | None = None
        """Id of the process scope, known when the first element is active: what is set before comes with the start."""

    def title(self, name: str, text: str) -> None:
        self._console.print(f"[bold]{escape(name)}[/]: {escape(text)}" if text else f"[bold]{escape(name)}[/]")

    def line(self, what: str, details: str, style: str = "cyan") -> None:
        seconds = time.monotonic() - self._start
        self._console.print(f"  {seconds:5.2f} s  [{style}]{what:<{COLUMN}}[/] {escape(details)}", highlight=False)

    def call(self, path: str, body: Mapping[str, Any]) -> None:
        """A request that was sent to the API."""
        self.line("-> POST", f"{path} {json.dumps(body, ensure_ascii=False)}", "bold blue")

    def end(self, instance: Mapping[str, Any]) -> None:
        style = "bold green" if instance["status"] == "COMPLETED" else "bold red"
        self.line(instance["status"].lower(), f"instance {instance['id']}", style)
        self._console.print()

    def still(self, instance: Mapping[str, Any]) -> None:
        self.line("stands still", f"at {', '.join(instance['currentState'])}", "bold red")
        self._console.print()

    def _is_news(self, scope_id: str, data: Mapping[str, Any]) -> bool:
        """Whether a variable of the process has a value it did not have before (a called process hands back all)."""
        if self._root not in (None, scope_id):
            return False
        new = data["name"] not in self._values or self._values[data["name"]] != data["value"]
        self._values[data["name"]] = data["value"]
        return new and self._root is not None

    def event(self, event: Event) -> None:
        """One event of history; those that say nothing new to a reader are left out."""
        data = event.get("data") or {}
        name = f"'{event.get('elementName') or event.get('elementId')}'"
        match event["type"]:
            case "INSTANCE_STARTED":
                self.line("started", f"process {name}", "green")
            case "JOB_CREATED":
                self.line("job", f"{name} goes over the bus to connector '{data.get('jobType')}'", "magenta")
            case "JOB_COMPLETED":
                line = self._lines.of(data["id"])
                self.line("job done", f"{name} logged: {line}" if line else name, "magenta")
            case "ELEMENT_ACTIVATED" if self._root is None:
                self._root = event["scopeId"]
            case "VARIABLE_SET" if self._is_news(event["scopeId"], data):
                self.line("variable", f"{data['name']} = {json.dumps(data['value'], ensure_ascii=False)}", "dim")
            case "JOB_FAILED":
                self.line("job failed", f"{name}: {data.get('message')}", "red")
            case "USER_TASK_CREATED":
                self.line("task offered", name)
            case "USER_TASK_COMPLETED":
                self.line("task done", name)
            case "TIMER_SCHEDULED":
                self.line("timer set", f"{name} for {data.get('dueAt')}", "yellow")
            case "TIMER_FIRED":
                self.line("timer fired", name, "bold yellow")
            case "MESSAGE_SUBSCRIBED":
                key = f" with key {json.dumps(data['correlationKey'])}" if "correlationKey" in data else ""
                self.line("waits", f"at {name} for message '{data.get('name')}'{key}")
            case "MESSAGE_RECEIVED":
                self.line("message came", name)
            case "ERROR_THROWN" if "caughtBy" in data:
                self.line("error caught", f"{data.get('errorCode')} of {name} by '{data['caughtBy']}'", "bold yellow")
            case "CALL_STARTED":
                self.line("calls", f"process '{data.get('processKey')}' from {name}")
            case "CALL_COMPLETED":
                self.line("call returned", name)
            case "SCOPE_OPENED" if data.get("kind") == "MULTI_INSTANCE" and data.get("total", -1) >= 0:
                self.line("opened", f"{name} {data.get('total')} times")
            case "ELEMENT_COMPLETED" if event.get("elementType") == "END_EVENT":
                self.line("end event", name, "green")
            case "INCIDENT_RAISED":
                self.line("incident", f"at {name}: {data.get('message') or data.get('kind') or ''}", "bold red")
