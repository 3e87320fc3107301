"""Price histories compiled to steps, each with its lawful reference price.

The reference of a step is the lowest price in force at that store in the 30 days before the step took effect (EU
directive 98/6/EC article 6a): the one in force as the window opens and every one that began within it. Where less
history is known, of what is known; where none is, −1, and the step gives no price advantage (semantics D1.13).
A store with prices of its own follows the chain's until its first own one.
"""

from __future__ import annotations

from collections.abc import Sequence

from geooffer.model.catalog import Price
from geooffer.model.policy import DAY_MS

REFERENCE_WINDOW_MS = 30 * DAY_MS

Step = tuple[int, int, int]
"""(valid_from_ms, amount_minor, reference_minor)."""


def merged_history(chain: Sequence[Price], own: Sequence[Price]) -> list[tuple[int, int]]:
    """(valid_from_ms, amount_minor) ascending; a price repeated by the next feed did not take effect again."""
    first_own_ms = own[0].valid_from_ms if own else None
    prices = [price for price in chain if first_own_ms is None or price.valid_from_ms < first_own_ms]
    history: list[tuple[int, int]] = []
    for price in [*prices, *own]:
        if not history or history[-1][1] != price.amount_minor:
            history.append((price.valid_from_ms, price.amount_minor))
    return history


def cut_percent(amount_minor: int, reference_minor: int) -> int:
    """Whole percent under the reference, rounded down; 0 where there is none or the price is not lower."""
    return max((reference_minor - amount_minor) * 100 // reference_minor, 0) if reference_minor > 0 else 0


def with_references(history: Sequence[tuple[int, int]]) -> list[Step]:
    """Each step with the lowest price of the 30 days before it, −1 where nothing came before."""
    steps: list[Step] = []
    for index, (valid_from_ms, amount_minor) in enumerate(history):
        opens_ms = valid_from_ms - REFERENCE_WINDOW_MS
        reference = -1
        for earlier in range(index - 1, -1, -1):
            earlier_from_ms, earlier_amount = history[earlier]
            reference = earlier_amount if reference < 0 else min(reference, earlier_amount)
            if earlier_from_ms <= opens_ms:
                break
        steps.append((valid_from_ms, amount_minor, reference))
    return steps
