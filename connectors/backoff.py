"""How long to wait before trying again."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with jitter: `initial * factor^n`, at most `maximum`, spread by `jitter` of itself.

    The jitter keeps a thousand jobs that failed together from coming back together.
    """

    initial_seconds: float = 1.0
    factor: float = 2.0
    maximum_seconds: float = 300.0
    jitter: float = 0.2

    def delay(self, failures: int, spread: random.Random | None = None) -> float:
        """Seconds to wait after this many failures in a row (at least one)."""
        # 64 doublings are beyond any maximum; more would overflow a float.
        exponent = min(max(failures, 1) - 1, 64)
        seconds = min(self.initial_seconds * self.factor**exponent, self.maximum_seconds)
        position = (spread or random).uniform(-1.0, 1.0)
        return float(min(seconds * (1.0 + self.jitter * position), self.maximum_seconds))


RECONNECT = Backoff(initial_seconds=0.2, maximum_seconds=5.0)
"""For connections to a broker that is gone: soon at first, then every few seconds."""
