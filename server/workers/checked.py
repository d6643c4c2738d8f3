"""Results from the bus are checked like those that come over HTTP: whoever can publish is no more to be trusted."""

from __future__ import annotations

import math
from dataclasses import replace

from connectors.messages import Outcome, ResultMessage
from server.store.codec import check_value

MAX_NAME = 255
MAX_MESSAGE = 10_000
MAX_BACKOFF_SECONDS = 7 * 86_400.0


def checked(result: ResultMessage) -> ResultMessage:
    """The result, or, where it holds what cannot be kept, a failure of its job that says so and is not tried again: the
    same work would bring the same result. Texts that only describe are cut and cleaned instead."""
    result = _cleaned(result)
    try:
        _check(result)
    except (ValueError, RecursionError) as error:
        return replace(
            result,
            outcome=Outcome.FAILED,
            variables={},
            error_code=None,
            message=_text(f"The result of this job cannot be kept: {error}", MAX_MESSAGE),
            retryable=False,
        )
    return result


def _check(result: ResultMessage) -> None:
    if result.variables:
        for name in result.variables:
            if not 0 < len(name) <= MAX_NAME:
                raise ValueError(
                    f"Expected names of variables with 1 to {MAX_NAME} characters, but one has {len(name)}"
                )
        check_value(result.variables)
    if result.error_code is not None:
        if len(result.error_code) > MAX_NAME:
            raise ValueError(
                f"Expected an error code of up to {MAX_NAME} characters, but it has {len(result.error_code)}"
            )
        check_value(result.error_code)


def _cleaned(result: ResultMessage) -> ResultMessage:
    message, worker_id = _text(result.message, MAX_MESSAGE), _text(result.worker_id, MAX_NAME)
    backoff = result.backoff_seconds
    if backoff is not None:
        backoff = min(max(0.0, backoff), MAX_BACKOFF_SECONDS) if math.isfinite(backoff) else None
    if (message, worker_id, backoff) == (result.message, result.worker_id, result.backoff_seconds):
        return result
    return replace(result, message=message, worker_id=worker_id, backoff_seconds=backoff)


def _text(text: str | None, longest: int) -> str | None:
    if text is None or (len(text) <= longest and text.isascii() and "\0" not in text):
        return text
    return text[:longest].replace("\0", "").encode(errors="replace").decode()
