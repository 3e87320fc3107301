"""Who is held out (semantics D6): a salted 64-bit hash of (experiment, person) against a threshold. Sticky, even."""

from __future__ import annotations

import numpy as np

from geooffer.kernels.compile import kernel
from geooffer.model.tables import CommerceTables

_INCREMENT = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _1 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(1)


@kernel
def mixed(key: int) -> int:
    """SplitMix64's finaliser (Steele, Lea, Flood 2014), its upper 63 bits."""
    bits = np.uint64(key) + _INCREMENT
    bits = (bits ^ (bits >> _30)) * _FIRST
    bits = (bits ^ (bits >> _27)) * _SECOND
    return int((bits ^ (bits >> _31)) >> _1)


@kernel
def is_held_out(commerce: CommerceTables, campaign_row: int, person_key: int) -> bool:
    """Whether the person is in the control group of a campaign's experiment."""
    campaign = commerce.campaigns[campaign_row]
    if campaign.held_out_threshold <= 0:
        return False
    return mixed(mixed(campaign.experiment_key) ^ person_key) < campaign.held_out_threshold
