"""Fences looked up by the index and the kernels of the service, without people, stores or a journal around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from geooffer.engine.spatial import IndexOfRecord
from geooffer.kernels.locate import locate_batch
from geooffer.model.catalog import Geofence
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables

IndexKind = Literal["rtree", "packed", "cells"]


class Hits(NamedTuple):
    """What covers some points: of point i the fences numbers[starts[i]:starts[i + 1]], ascending."""

    starts: Int32Array  # shape (points + 1,)
    numbers: Int32Array


class LookUp:
    """An index of fences; a fence's number is its place in the order of ids.

    Any number of fences may cover a point: the bound of semantics G8 is one of registering, because the service sizes
    its buffers by it. Ids have to be distinct.
    """

    def __init__(self, fences: Sequence[Geofence], index_kind: IndexKind = "cells") -> None:
        self.fences = tuple(sorted(fences, key=lambda fence: fence.geofence_id))
        self.index_kind: IndexKind = index_kind
        self._index = IndexOfRecord()
        self._index.load(dict(enumerate(self.fences)))
        owned = {number: (fence, -1) for number, fence in enumerate(self.fences)}
        self.tables: FenceTables = self._index.freeze(owned, {}, len(self.fences))
        self._buffer = np.empty(4096, np.int32)

    def locate(self, latitudes_e7: Int32Array, longitudes_e7: Int32Array) -> Iterator[Hits]:
        """Hits of the points in their order, some points at a time: as many as the buffer of hits has room for.

        latitudes_e7, longitudes_e7: shape (n,), in range (semantics G1).
        """
        first = 0
        while first < len(latitudes_e7):
            rows = slice(first, None)
            starts = np.zeros(len(latitudes_e7) - first + 1, np.int32)
            done = self._located(latitudes_e7[rows], longitudes_e7[rows], starts)
            if done == 0:
                self._buffer = np.empty(2 * len(self._buffer), np.int32)
                continue
            yield Hits(starts[: done + 1], self._buffer[: starts[done]].copy())
            first += done

    def _located(self, latitudes_e7: Int32Array, longitudes_e7: Int32Array, starts: Int32Array) -> int:
        wanted = np.ones(len(latitudes_e7), np.uint8)
        latitudes, longitudes = np.ascontiguousarray(latitudes_e7), np.ascontiguousarray(longitudes_e7)
        if self.index_kind == "rtree":
            return self._index.locate(self.tables, latitudes, longitudes, wanted, starts, self._buffer)
        cells = 1 if self.index_kind == "cells" else 0
        return locate_batch(self.tables, latitudes, longitudes, wanted, starts, self._buffer, cells)
