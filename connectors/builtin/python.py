"""`python`: a restricted script, in a process of its own.

The script's text comes from the model (task header `script`), never from a variable: whoever may only start instances
must not be able to run code. It is checked against an allowlist of syntax, names and attributes, and what still goes
wrong goes wrong in a child process with limits on CPU time, memory, files and wall-clock time, without environment
and without the packages of the worker.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from connectors.codec import encode
from connectors.connector import Connector, connector
from connectors.errors import BpmnError, Failure, NonRetryable
from connectors.job import Job
from connectors.options import WorkerOptions

SANDBOX = Path(__file__).with_name("sandbox.py")
MAX_SCRIPT = 64_000
MAX_OUTPUT = 4_000_000


def python_connector(options: WorkerOptions) -> Connector:
    """The connector for type `python`.

    Headers: `script`, `resultVariable` (gets the value of the script's last expression). Variables are names in the
    script; those it assigns are the result. `raise BpmnError("CODE")` throws an error of the process.
    """

    @connector("python", timeout=options.python_wall_seconds + 10)
    def python(job: Job) -> dict[str, Any]:
        """Run the script of the model."""
        script = job.headers.get("script")
        if not isinstance(script, str) or not script.strip():
            raise NonRetryable("Expected a task header 'script', but there is none")
        if len(script) > MAX_SCRIPT:
            raise NonRetryable(f"Expected a script of at most {MAX_SCRIPT} characters, but it has {len(script)}")
        answer = _run(script, dict(job.variables), options)
        match answer.get("outcome"):
            case "error":
                raise BpmnError(str(answer["code"]), str(answer["message"]))
            case "failed":
                raise NonRetryable(str(answer["message"]))
        variables: dict[str, Any] = answer["variables"]
        result_variable = job.headers.get("resultVariable")
        if isinstance(result_variable, str) and result_variable:
            variables[result_variable] = answer["result"]
        return variables

    return python


def _run(script: str, variables: dict[str, Any], options: WorkerOptions) -> dict[str, Any]:
    task = encode(
        {
            "script": script,
            "variables": variables,
            "cpuSeconds": options.python_cpu_seconds,
            "memoryBytes": options.python_memory_bytes,
            "maxOutput": MAX_OUTPUT,
        }
    )
    try:
        # Isolated (-I) and without site packages (-S): what the script could reach is the standard library, unimported.
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(SANDBOX)],
            input=task,
            capture_output=True,
            timeout=options.python_wall_seconds,
            env={},
            cwd="/",
            check=False,
            close_fds=True,
        )
    except subprocess.TimeoutExpired as error:
        raise NonRetryable(
            f"Expected the script to end within {options.python_wall_seconds:g} s, but it did not"
        ) from error
    except OSError as error:
        raise Failure(f"Expected to start a process for the script, but {error}") from error
    if done.returncode != 0:
        raise NonRetryable(
            f"Expected the script to stay within {options.python_cpu_seconds} s of CPU time and "
            f"{options.python_memory_bytes // 1_048_576} MB, but its process ended with status {done.returncode}"
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
