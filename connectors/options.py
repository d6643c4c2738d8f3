"""What the built-in connectors may do and whom they talk to; filled in by the composition root from its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """Options of the built-in connectors."""

    http_allow_private: bool = False
    """Whether `http` may call private, loopback and link-local addresses. Models come from many hands: off."""
    http_timeout_seconds: float = 30.0
    """How long a call may take whose model says nothing."""
    http_max_response_bytes: int = 1_000_000
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_sender: str = "bpmnd@localhost"
    """Sender of mails whose model names none."""
    smtp_timeout_seconds: float = 30.0
    python_cpu_seconds: int = 2
    python_wall_seconds: float = 10.0
    python_memory_bytes: int = 256 * 1024 * 1024
