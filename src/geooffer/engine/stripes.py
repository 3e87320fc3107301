"""Which edges each band of latitude of a part meets, for parts with many (model/fence_tables.py has the layout).

After the y-stripes of tidwall/tg, with two differences: stripes are a power of two high, so that a latitude finds its
stripe by a shift and borders are exact, and their number follows from how often a line of latitude crosses the outline
on average, c = Σ |Δlatitude| / height. N edges in S stripes make at most about N + c S entries; S ≤ 2 N / c keeps that
within 3 N and the entries of one stripe near the c that must be looked at anyway.
"""

from __future__ import annotations

import numpy as np

from geooffer.model.columns import Int32Array, StructArray

STRIPED_EDGE_COUNT_MIN = 48
"""Below it all edges are asked: as fast, and no memory."""

NO_STRIPES = np.zeros(0, np.int32)


def stripes_of(edges: StructArray) -> tuple[Int32Array, int]:
    """The block of `stripes` and the stripe_shift of a part with these EDGE rows; an empty block and 0 without."""
    if len(edges) < STRIPED_EDGE_COUNT_MIN:
        return NO_STRIPES, 0
    starts = edges["latitude_a_e7"].astype(np.int64)
    ends = edges["latitude_b_e7"].astype(np.int64)
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    floor_e7, top_e7 = int(low.min()), int(high.max())
    shift = _shift(top_e7 - floor_e7, int((high - low).sum()), len(edges))
    first, last = (low - floor_e7) >> shift, (high - floor_e7) >> shift
    spans = last - first + 1
    places = np.repeat(np.arange(len(edges)), spans)
    within = np.arange(len(places)) - np.repeat(np.cumsum(spans) - spans, spans)
    stripes = np.repeat(first, spans) + within
    stripe_count = ((top_e7 - floor_e7) >> shift) + 1
    offsets = np.zeros(stripe_count + 1, np.int64)
    np.cumsum(np.bincount(stripes, minlength=stripe_count), out=offsets[1:])
    entries = places[np.argsort(stripes, kind="stable")]
    return np.concatenate((offsets + stripe_count + 1, entries)).astype(np.int32), shift


def _shift(height_e7: int, rise_e7: int, edge_count: int) -> int:
    """The least shift ≥ 1 that makes at most 2 N / c stripes, where c = rise / height."""
    stripe_count_max = max(2 * edge_count * height_e7 // max(rise_e7, 1), 1)
    shift = 1
    while (height_e7 >> shift) + 1 > stripe_count_max:
        shift += 1
    return shift
