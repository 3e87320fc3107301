"""How long to wait before the next attempt: exponential with full jitter, so that clients do not come in step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Backoff:
    """The bounds of waiting."""

    first_s: float = 0.1
    longest_s: float = 10.0
    attempt_count_max: int = 10
    """Consecutive failures without progress after which the caller is told."""

    def ceiling_s(self, failure_count: int) -> float:
        """The longest wait after that many failures in a row (1 = the first)."""
        return min(self.longest_s, self.first_s * 2.0 ** min(failure_count - 1, 60))

    def wait_s(self, failure_count: int, random: np.random.Generator) -> float:
        """A wait drawn evenly from the upper three quarters of the ceiling: never at once, never all together."""
        return float(random.uniform(0.25, 1.0)) * self.ceiling_s(failure_count)
