"""Layout of the frozen exclusion zones: their shapes in the tables that fences have, with boxes that are wider.

    ZONE (dense, by zone id) ─► PART … of `shapes`;  PART.fence_number = the ZONE's place

Boxes of NODE and ITEM, and the cells, are those of the shape widened by buffer and `accuracy_max_cm`: whatever lies
outside all of them touches no zone. A fix that is coarser than that is tested against every zone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geooffer.model.columns import StructArray
from geooffer.model.fence_tables import FenceTables

ZONE = np.dtype(
    [
        ("valid_from_ms", "<i8"),
        ("valid_until_ms", "<i8"),
        ("buffer_cm", "<i4"),
        ("part_start", "<i4"),
        ("part_count", "<i4"),
        ("_pad", "<i4"),
    ],
    align=True,
)
assert ZONE.itemsize == 32


class ExclusionTables(NamedTuple):
    """One immutable snapshot of all exclusion zones."""

    zones: StructArray  # ZONE
    shapes: FenceTables  # without rows of fences
    accuracy_max_cm: int

    @property
    def size_bytes(self) -> int:
        """Memory of all arrays."""
        return self.zones.nbytes + self.shapes.size_bytes
