"""The circles a sleeping phone watches (product S14): rows that kernels/regions.py writes, and what bounds them."""

from __future__ import annotations

import numpy as np

REGION_COUNT_DEFAULT = 19
"""iOS watches 20 regions; the validity circle is one of them."""
REGION_COUNT_MAX = 100
"""Android watches 100."""
REGION_RADIUS_MIN_M = 100
"""Below it both platforms wake late or not at all."""
VALIDITY_RADIUS_MAX_M = 20_000
PIECE_LENGTH_M = 500.0
"""A fence wider than this is watched along its boundary, in pieces of at most this length; a smaller one as a whole."""
PIECE_COUNT_MAX = 4_096
"""Pieces looked at for one answer; where there are more, it is valid less far."""

PIECE = np.dtype(
    [
        ("x_m", "<f8"),  # on the sphere, from its middle
        ("y_m", "<f8"),
        ("z_m", "<f8"),
        ("radius_m", "<f8"),  # of a ball that contains it
        ("away_m", "<f8"),  # at most the way from the place asked about to the ball
    ],
    align=True,
)
"""A piece of a fence's boundary, or a small fence, or several: a ball in space."""
assert PIECE.itemsize == 40
