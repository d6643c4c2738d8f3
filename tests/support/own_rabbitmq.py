"""A RabbitMQ of a test's own, on ports of its own, that the test can stop and start again with its messages kept."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from amqp import Connection

from tests.support.processes import free_port
from tests.support.services import skip_or_fail

PATIENCE = 120.0
USER = "rabbitmq"
"""RabbitMQ's programs run as this user; root has to become it."""


class OwnRabbitMQ:
    """A context manager; begins stopped."""

    def __init__(self) -> None:
        program = shutil.which("rabbitmq-server")
        if program is None:
            skip_or_fail("Expected rabbitmq-server to be installed")
        self._program = program
        self._directory = Path(tempfile.mkdtemp(prefix="bpmnd-rabbitmq-"))
        self._port, self._distribution_port = free_port(), free_port()
        self._node = f"bpmnd-{uuid4().hex[:8]}@localhost"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}//"

    def __enter__(self) -> OwnRabbitMQ:
        if os.geteuid() == 0:
            try:
                owner = pwd.getpwnam(USER)
            except KeyError:
                skip_or_fail(f"Expected a user '{USER}' to run RabbitMQ as")
            os.chown(self._directory, owner.pw_uid, owner.pw_gid)
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def start(self) -> None:
        """Returns when it takes connections."""
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self._directory),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self._directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._directory / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._directory / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self._directory / "rabbitmq"),
            "RABBITMQ_PID_FILE": str(self._directory / "pid"),
        }
        command = [self._program]
        if os.geteuid() == 0:
            settings = [f"{name}={value}" for name, value in environment.items()]
            command = ["runuser", "-u", USER, "--", "env", "-i", *settings, *command]
        with (self._directory / "output").open("ab") as output:
            self._process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                text = (self._directory / "output").read_text(errors="replace")[-2000:]
                self.kill()
                raise AssertionError(f"Expected RabbitMQ to start, but: {text}")
            time.sleep(0.2)

    def kill(self) -> None:
        """As a machine that loses its power: the process group, which is this one's alone."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + PATIENCE
        while self._answers() and time.monotonic() < deadline:
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with Connection(f"127.0.0.1:{self._port}", "guest", "guest", connect_timeout=2):
                return True
        except Exception:
            return False
