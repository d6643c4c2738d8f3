"""Starts the product's own processes for a test, kills them, starts them again, and ends them all."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "token-of-the-tests"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float, what: str, pause: float = 0.05) -> Any:
    """The first true value of `condition`; AssertionError with `what` when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"Expected {what} within {seconds} seconds")
        time.sleep(pause)


@dataclass
class Process:
    """One `bpmnd` process; its output goes to a file that is shown when something fails."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    log: Path
    popen: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self) -> None:
        self.starts += 1
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "server", *self.arguments],
                env={**os.environ, **self.environment},
                cwd=ROOT,
                stdout=output,
                stderr=output,
            )

    def kill(self) -> None:
        assert self.popen is not None
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for what does not end."""
        if self.popen is None or self.popen.poll() is not None:
            return
        self.popen.terminate()
        try:
            self.popen.wait(12)
        except subprocess.TimeoutExpired:
            self.kill()

    def is_running(self) -> bool:
        return self.popen is not None and self.popen.poll() is None


@dataclass
class Cluster:
    """Several processes over one database and broker; a context manager that leaves none behind."""

    environment: dict[str, str]
    directory: Path
    processes: dict[str, Process] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self.processes.values():
            if process.popen is not None and process.popen.poll() is None:
                process.popen.terminate()
        for process in self.processes.values():
            process.stop()

    def add(self, name: str, *arguments: str) -> Process:
        process = Process(name, list(arguments), self.environment, self.directory / f"{name}.log")
        self.processes[name] = process
        process.start()
        return process

    def add_api(self, name: str, role: str = "api") -> Process:
        port = self.ports[name] = free_port()
        return self.add(name, "serve", "--role", role, "--port", str(port))

    def client(self, name: str) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports[name]}/api/v1",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=30,
            trust_env=False,
        )

    def wait_ready(self, name: str, seconds: float = 30) -> None:
        url = f"http://127.0.0.1:{self.ports[name]}/health/ready"

        def ready() -> bool:
            try:
                return httpx.get(url, timeout=2, trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        until(ready, seconds, f"{name} to be ready; its log: {self.tail(name)}")

    def tail(self, name: str, lines: int = 30) -> str:
        log = self.processes[name].log
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
