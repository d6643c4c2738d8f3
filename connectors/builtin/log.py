"""`log`: a line in the worker's log, to watch a process while it is being built."""

from __future__ import annotations

import logging
import re

from connectors.builtin.fields import text
from connectors.connector import Connector, connector
from connectors.job import Job

_PLACEHOLDER = re.compile(r"\{([^{}\s]+)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def log_connector() -> Connector:
    """The connector for type `log`. Fields: `message` with `{variable}` placeholders, `level`."""

    @connector("log")
    def log(job: Job) -> None:
        """Log `message` at `level` (debug, info, warning, error; info if not given)."""

        def value(match: re.Match[str]) -> str:
            name = match[1]
            return str(job.variables[name]) if name in job.variables else match[0]

        message = _PLACEHOLDER.sub(value, text(job, "message"))
        # A variable must not be able to forge further lines.
        line = _CONTROL.sub(lambda match: repr(match[0])[1:-1], message)
        job.log.log(_LEVELS.get(text(job, "level", default="info").lower(), logging.INFO), "%s", line)

    return log
