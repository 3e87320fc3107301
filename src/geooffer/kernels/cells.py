"""A hash of grid cells over the packed tree: what the tree would answer for every point of a cell.

A cell of level s is a square of 2ˢ E7 units (s = 14: 182 m of latitude). Each item of the tree is entered at
the finest level where its box takes no more than 256 cells, so a large fence keeps few coarse cells and
memory is bounded; a ping asks one cell at each level in use (one or two in practice). Each entry is a part
and a bit: set where the cell lies wholly inside the part, so that no geometry is needed. Cells the part does
not touch have no entry. Classification may only ever be too careful, never wrong: polygons by integers,
circles with a margin.
"""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.fence_types import CELLS, FENCES
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7, part_covers, polygon_covers
from geooffer.kernels.hashing import home_index
from geooffer.kernels.packed import add_hit, is_claimed
from geooffer.kernels.trig import RADIANS_PER_E7, chord_squared_of_half, sine_cosine_e7
from geooffer.kernels.types import I4, I8, U1
from geooffer.model.columns import Int32Array, Int64Array, StructArray, UInt8Array
from geooffer.model.fence_tables import FenceTables
from geooffer.model.limits import LATITUDE_MAX_E7

FINEST_SHIFT = 14
COARSEST_SHIFT = 28
LEVEL_SHIFT = 40
"""Where a cell's key has its level."""
CELLS_PER_ITEM_COUNT_MAX = 256
OUTSIDE, TOUCHED, INSIDE = 0, 1, 2


@kernel
def cell_key(shift: int, latitude_e7: int, longitude_e7: int) -> int:
    """The non-zero key of the cell of level `shift` that holds the point; longitude in [−180°, 180°]."""
    column = (longitude_e7 + HALF_TURN_E7) >> shift
    row = (latitude_e7 + LATITUDE_MAX_E7) >> shift
    return (shift << LEVEL_SHIFT) | (column << 20) | row


@kernel
def _edge_touches(edge: StructArray, south: int, west: int, north: int, east: int) -> bool:
    """Whether an edge meets a closed rectangle: no axis (north, east, the edge's normal) separates."""
    latitude_a = int(edge["latitude_a_e7"])
    latitude_b = int(edge["latitude_b_e7"])
    longitude_a = int(edge["longitude_a_e7"])
    longitude_b = int(edge["longitude_b_e7"])
    if max(latitude_a, latitude_b) < south or min(latitude_a, latitude_b) > north:
        return False
    if max(longitude_a, longitude_b) < west or min(longitude_a, longitude_b) > east:
        return False
    rise = latitude_b - latitude_a
    run = longitude_b - longitude_a
    south_west = run * (south - latitude_a) - rise * (west - longitude_a)
    south_east = run * (south - latitude_a) - rise * (east - longitude_a)
    north_west = run * (north - latitude_a) - rise * (west - longitude_a)
    north_east = run * (north - latitude_a) - rise * (east - longitude_a)
    if south_west > 0 and south_east > 0 and north_west > 0 and north_east > 0:
        return False
    return not (south_west < 0 and south_east < 0 and north_west < 0 and north_east < 0)


@kernel
def _mark_touched(
    fences: FenceTables,
    part: StructArray,
    shift: int,
    first_row: int,
    row_count: int,
    first_column: int,
    column_count: int,
    turn: int,
    touched: UInt8Array,
) -> None:
    """Mark, row by row, the cells of a block that an edge of the part meets: each edge asks those its box meets."""
    for index in range(row_count * column_count):
        touched[index] = 0
    side = 1 << shift
    edge_start = int(part["edge_start"])
    for index in range(edge_start, edge_start + part["edge_count"]):
        edge = fences.edges[index]
        low = int(min(edge["latitude_a_e7"], edge["latitude_b_e7"]))
        high = int(max(edge["latitude_a_e7"], edge["latitude_b_e7"]))
        left = int(min(edge["longitude_a_e7"], edge["longitude_b_e7"])) - turn
        right = int(max(edge["longitude_a_e7"], edge["longitude_b_e7"])) - turn
        south_row = max(((low + LATITUDE_MAX_E7) >> shift) - first_row, 0)
        north_row = min(((high + LATITUDE_MAX_E7) >> shift) - first_row, row_count - 1)
        west_column = max(((left + HALF_TURN_E7) >> shift) - first_column, 0)
        east_column = min(((right + HALF_TURN_E7) >> shift) - first_column, column_count - 1)
        for row in range(south_row, north_row + 1):
            south = ((first_row + row) << shift) - LATITUDE_MAX_E7
            for column in range(west_column, east_column + 1):
                if touched[row * column_count + column] == 0:
                    west = ((first_column + column) << shift) - HALF_TURN_E7 + turn
                    if _edge_touches(edge, south, west, south + side - 1, west + side - 1):
                        touched[row * column_count + column] = 1


@kernel
def _circle_cell(part: StructArray, south: int, west: int, north: int, east: int) -> int:
    """Bounds over the cell of 4 sin²(Δφ/2) + cos φ₁ cos φ₂ 4 sin²(Δλ/2), each factor at its extreme."""
    if int(part["max_longitude_e7"]) - int(part["min_longitude_e7"]) >= HALF_TURN_E7:
        return TOUCHED  # over a pole: its box does not tell where the centre is
    latitude = (int(part["min_latitude_e7"]) + int(part["max_latitude_e7"])) // 2
    longitude = (int(part["min_longitude_e7"]) + int(part["max_longitude_e7"])) // 2
    _, centre_cosine = sine_cosine_e7(latitude)
    north_away = max(south - latitude, latitude - north, 0)
    east_away = max(west - longitude, longitude - east, 0)
    north_reach = max(abs(south - latitude), abs(north - latitude))
    east_reach = max(abs(west - longitude), abs(east - longitude))
    nearest_parallel = min(abs(south), abs(north))
    if south <= 0 <= north:
        nearest_parallel = 0
    farthest_parallel = min(max(abs(south), abs(north)), LATITUDE_MAX_E7)
    _, cosine_max = sine_cosine_e7(nearest_parallel)
    _, cosine_min = sine_cosine_e7(farthest_parallel)
    half = RADIANS_PER_E7 * 0.5
    lower = chord_squared_of_half(north_away * half) + centre_cosine * cosine_min * chord_squared_of_half(
        east_away * half
    )
    upper = chord_squared_of_half(north_reach * half) + centre_cosine * cosine_max * chord_squared_of_half(
        east_reach * half
    )
    if lower > part["chord_squared"] * 1.000001:
        return OUTSIDE
    if upper < part["chord_squared"] * 0.999999:
        return INSIDE
    return TOUCHED


@entry(lambda: types.int64(FENCES, types.int64, types.int64, I4, U1, I8, I4, types.int64), in_threads=True)
def rasterise(
    fences: FenceTables,
    item_start: int,
    item_end: int,
    shifts: Int32Array,
    touched: UInt8Array,
    keys: Int64Array,
    values: Int32Array,
    keeps_all: int,
) -> int:
    """Write (cell key, part << 1 | wholly inside) of items item_start..item_end − 1; returns how many.

    shifts: level of each item. touched: scratch for the cells of one item's box. keys, values: room for every cell of
    these items' boxes. keeps_all: 1 = also cells that the part does not touch, where boxes are wider than their parts
    (exclusion zones).
    """
    count = 0
    for item_index in range(item_start, item_end):
        item = fences.items[item_index]
        part_index = int(item["part"])
        part = fences.parts[part_index]
        shift = int(shifts[item_index])
        side = 1 << shift
        # a box that was wrapped to the west stands one turn further east in its part's own frame
        turn = TURN_E7 if int(part["min_longitude_e7"]) - int(item["min_longitude_e7"]) >= HALF_TURN_E7 else 0
        first_row = (item["min_latitude_e7"] + LATITUDE_MAX_E7) >> shift
        last_row = (item["max_latitude_e7"] + LATITUDE_MAX_E7) >> shift
        first_column = (item["min_longitude_e7"] + HALF_TURN_E7) >> shift
        last_column = (item["max_longitude_e7"] + HALF_TURN_E7) >> shift
        columns = last_column - first_column + 1
        if part["radius_cm"] == 0:
            _mark_touched(
                fences, part, shift, first_row, last_row - first_row + 1, first_column, columns, turn, touched
            )
        for row in range(first_row, last_row + 1):
            south = (row << shift) - LATITUDE_MAX_E7
            for column in range(first_column, last_column + 1):
                west = (column << shift) - HALF_TURN_E7
                east = west + side - 1
                north = south + side - 1
                if part["radius_cm"] > 0:
                    state = _circle_cell(part, south, west + turn, north, east + turn)
                elif touched[(row - first_row) * columns + column - first_column] != 0:
                    state = TOUCHED
                else:
                    # no edge meets it: all of it is as its corner is
                    state = INSIDE if polygon_covers(fences, part, south, west + turn) else OUTSIDE
                if state != OUTSIDE or keeps_all != 0:
                    keys[count] = (shift << LEVEL_SHIFT) | (column << 20) | row
                    values[count] = (part_index << 1) | (1 if state == INSIDE else 0)
                    count += 1
    return count


@entry(lambda: types.void(I8, I4, I4, CELLS), in_threads=True)
def fill_cells(keys: Int64Array, starts: Int32Array, counts: Int32Array, cells: StructArray) -> None:
    """Enter distinct keys into the empty hash `cells`; its capacity is a power of two above their number."""
    mask = len(cells) - 1
    for index in range(len(keys)):
        slot = home_index(keys[index], len(cells))
        while cells[slot]["key"] != 0:
            slot = (slot + 1) & mask
        cells[slot]["key"] = keys[index]
        cells[slot]["start"] = starts[index]
        cells[slot]["count"] = counts[index]


@kernel
def locate_cells(fences: FenceTables, latitude_e7: int, longitude_e7: int, hits: Int32Array, start: int) -> int:
    """Add the fences that cover the point to hits[start:]; returns the end, or −1 when `hits` is full."""
    count = _add_from_cells(
        fences,
        fences.cell_levels,
        fences.cells,
        fences.cell_parts,
        latitude_e7,
        longitude_e7,
        hits,
        start,
        start,
    )
    if count < 0 or len(fences.delta_cell_levels) == 0:
        return count
    return _add_from_cells(
        fences,
        fences.delta_cell_levels,
        fences.delta_cells,
        fences.delta_cell_parts,
        latitude_e7,
        longitude_e7,
        hits,
        start,
        count,
    )


@kernel
def _add_from_cells(
    fences: FenceTables,
    levels: Int32Array,
    cells: StructArray,
    cell_parts: Int32Array,
    latitude_e7: int,
    longitude_e7: int,
    hits: Int32Array,
    start: int,
    count: int,
) -> int:
    """What one hash of cells adds to hits[start:count]; as `locate_cells`."""
    mask = len(cells) - 1
    for level in range(len(levels)):
        key = cell_key(int(levels[level]), latitude_e7, longitude_e7)
        slot = home_index(key, len(cells))
        while cells[slot]["key"] != 0 and cells[slot]["key"] != key:
            slot = (slot + 1) & mask
        if cells[slot]["key"] == 0:
            continue
        first = int(cells[slot]["start"])
        for index in range(first, first + cells[slot]["count"]):
            part_index = int(cell_parts[index]) >> 1
            inside = (cell_parts[index] & 1) == 1
            if is_claimed(fences, part_index) and (
                inside or part_covers(fences, part_index, latitude_e7, longitude_e7)
            ):
                if count == len(hits):
                    return -1
                count = add_hit(hits, start, count, fences.parts[part_index]["fence_number"])
    return count
