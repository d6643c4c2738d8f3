"""JSON bodies of messages: UTF-8, exact numbers, nothing else.

Kombu's own serialisers are not used, so that no message can choose how it is decoded: pickle and YAML are never
loaded, whatever a content type says.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from connectors.messages import MalformedMessage
from connectors.queues import CONTENT_TYPE


def encode(body: Any) -> bytes:
    """The body as UTF-8 JSON.

    Raises ValueError or TypeError for what JSON cannot say: NaN and infinities, lone surrogates, foreign objects.
    """
    return _ENCODER.encode(body).encode()


def decode(body: bytes, content_type: str | None) -> Any:
    """The value of a received body. Raises MalformedMessage where it is not JSON or does not say that it is."""
    media_type = (content_type or "").split(";")[0].strip().lower()
    if media_type != CONTENT_TYPE:
        raise MalformedMessage(f"Expected content type '{CONTENT_TYPE}', but got '{content_type}'")
    try:
        return _DECODER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(f"Expected a JSON body, but it cannot be read: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Made once: `json.dumps` and `json.loads` with options make one for every call.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
