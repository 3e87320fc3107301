"""A merge: all fences of one snapshot with a new base index and nothing left behind by fences that changed.

It reads an immutable snapshot and makes new arrays, so it may run in a thread while pings are decided by that
snapshot or a later one; engine/fence_layers.py then takes the result over between two pings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from geooffer.engine.fence_parts import CompiledShape
from geooffer.engine.freezing import cell_entries, cells_of
from geooffer.engine.growing import GrowingRows, as_words, joined_rows
from geooffer.engine.packing import pack_items
from geooffer.engine.stripes import NO_STRIPES
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7
from geooffer.kernels.spans import gather_spans
from geooffer.model.columns import Int32Array, Int64Array, StructArray
from geooffer.model.fence_tables import EDGE, ITEM, PART_ROW, CellIndex, FenceTables, empty_tables

CORNERS = ("min_latitude_e7", "min_longitude_e7", "max_latitude_e7", "max_longitude_e7")


class TwoIndexes(NamedTuple):
    """A packed tree and cells over the same parts: the base's or the delta's."""

    nodes: StructArray
    items: StructArray
    cells: CellIndex


class Geometry(NamedTuple):
    """Tables that are appended to together. An array more (one span of rows a part) is a field more here, lines more in
    `append_shapes` and `copied`.
    """

    parts: GrowingRows
    edges: GrowingRows
    stripes: GrowingRows

    @property
    def room_bytes(self) -> int:
        """Memory with the spare room."""
        return sum(table.room_bytes for table in self)

    def over(self, fences: StructArray) -> FenceTables:
        """FENCE rows with this geometry, without indexes."""
        parts, edges, stripes = self.parts.rows, self.edges.rows, self.stripes.rows
        return empty_tables()._replace(fences=fences, parts=parts, edges=edges, stripes=stripes)


class Merged(NamedTuple):
    """What replaces the geometry and base index that a merge began with."""

    geometry: Geometry
    part_starts: Int32Array
    """By fence number; 0 where it has no parts."""
    base: TwoIndexes


def empty_geometry() -> Geometry:
    """Of no fences."""
    return Geometry(GrowingRows(PART_ROW), GrowingRows(EDGE), GrowingRows(np.dtype(np.int32)))


def append_shapes(geometry: Geometry, numbers: Int32Array, shapes: Sequence[CompiledShape]) -> Int32Array:
    """Append the shapes of these fences; returns where the parts of each begin."""
    part_counts = np.array([len(shape.parts) for shape in shapes], dtype=np.int32)
    edge_counts = np.array([len(shape.edges) for shape in shapes], dtype=np.int32)
    parts = joined_rows([shape.parts for shape in shapes], PART_ROW)
    parts["fence_number"] = np.repeat(numbers, part_counts)
    edge_starts = geometry.edges.count + np.cumsum(edge_counts) - edge_counts
    parts["edge_start"] += np.repeat(edge_starts.astype(np.int32), part_counts)
    stripes = joined_stripes(parts, shapes)
    parts["stripe_start"] += geometry.stripes.append(stripes)
    geometry.edges.append(joined_rows([shape.edges for shape in shapes if len(shape.edges)], EDGE))
    starts: Int32Array = (geometry.parts.append(parts) + np.cumsum(part_counts) - part_counts).astype(np.int32)
    return starts


def joined_stripes(parts: StructArray, shapes: Sequence[CompiledShape]) -> Int32Array:
    """The stripes of all shapes; `parts` are their PART rows in the same order, told where each block is now."""
    sizes = np.array([len(shape.stripes) for shape in shapes], dtype=np.int64)
    counts = np.array([len(shape.parts) for shape in shapes], dtype=np.int64)
    parts["stripe_start"] += np.repeat(np.cumsum(sizes) - sizes, counts).astype(np.int32)
    return np.concatenate([NO_STRIPES, *(shape.stripes for shape in shapes if len(shape.stripes))])


def merge(tables: FenceTables) -> Merged:
    """Everything that the fences of a snapshot claim, by fence number."""
    numbers = np.flatnonzero(tables.fences["part_count"])
    geometry = empty_geometry()
    part_starts = np.zeros(len(tables.fences), np.int32)
    part_starts[numbers] = copied(tables, numbers, geometry)
    items = items_of(geometry.parts.rows, np.arange(geometry.parts.count, dtype=np.int32))
    return Merged(geometry, part_starts, indexes_over(geometry.over(tables.fences), items))


def indexes_over(tables: FenceTables, items: StructArray) -> TwoIndexes:
    """The two indexes over these items of `tables.parts`."""
    nodes, items = pack_items(items)
    return TwoIndexes(nodes, items, cells_of(cell_entries(tables._replace(items=items))))


def copied(tables: FenceTables, numbers: Int64Array, target: Geometry) -> Int32Array:
    """Append the geometry of these fences to `target`; returns where the parts of each begin there."""
    part_counts = _packed(tables.fences["part_count"][numbers])
    first_part = _append_spans(tables.parts, _packed(tables.fences["part_start"][numbers]), part_counts, target.parts)
    parts = target.parts.rows[first_part:]
    edge_counts = _packed(parts["edge_count"])
    first_edge = _append_spans(tables.edges, _packed(parts["edge_start"]), edge_counts, target.edges)
    parts["edge_start"] = first_edge + np.cumsum(edge_counts) - edge_counts
    stripe_counts = _stripe_counts(tables.stripes, parts)
    first_stripe = _append_spans(tables.stripes, _packed(parts["stripe_start"]), stripe_counts, target.stripes)
    parts["stripe_start"] = first_stripe + np.cumsum(stripe_counts) - stripe_counts
    starts: Int32Array = (first_part + np.cumsum(part_counts) - part_counts).astype(np.int32)
    return starts


def _packed(column: Int32Array) -> Int32Array:
    """A field of rows as an array of its own, as kernels want it."""
    return np.ascontiguousarray(column, dtype=np.int32)


def _stripe_counts(stripes: Int32Array, parts: StructArray) -> Int32Array:
    """The length of each part's block: the first number in it tells where its offsets end, the last of these where it
    does (engine/stripes.py)."""
    counts = np.zeros(len(parts), np.int32)
    is_striped = parts["stripe_shift"] > 0
    starts = parts["stripe_start"][is_striped]
    counts[is_striped] = stripes[starts + stripes[starts] - 1]
    return counts


def _append_spans(source: npt.NDArray[Any], starts: Int32Array, counts: Int32Array, target: GrowingRows) -> int:
    first = target.count
    target.extend(int(counts.sum()))
    gather_spans(as_words(source), starts, counts, as_words(target.rows[first:]))
    return first


def items_of(parts: StructArray, places: Int32Array) -> StructArray:
    """ITEM rows of the parts at `places`; one over the antimeridian has two (model/fence_tables.py)."""
    rows = parts[places]
    items = np.zeros(len(rows), ITEM)
    for name in CORNERS:
        items[name] = rows[name]
    items["part"] = places
    east = items["max_longitude_e7"].astype(np.int64)
    # a part that reaches +180° also stands at −180°: one place
    is_cut = (east >= HALF_TURN_E7) & (east - items["min_longitude_e7"] < TURN_E7)
    beyond = items[is_cut]
    items["max_longitude_e7"][is_cut] = HALF_TURN_E7
    beyond["min_longitude_e7"] = -HALF_TURN_E7
    beyond["max_longitude_e7"] = east[is_cut] - TURN_E7
    return np.concatenate((items, beyond)) if len(beyond) else items
