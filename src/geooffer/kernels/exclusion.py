"""Step 2 of a ping's life begins here: does the fix's accuracy circle come within the buffer of an exclusion zone?

A false yes is silence, a false no a breach, so every bound errs towards yes. The margin is widened by 1 % and 2 cm: the
sphere of semantics G2 differs from WGS84 by at most 0.56 %, and coordinates are rounded to 1.1 cm. Then, with the
point at (φ, λ), an edge straight in longitude and latitude, and m the margin as an angle:

    only the stretch of the edge with |Δφ| ≤ m can be near; on it cos φ' ≥ cos(|φ| + m) =: c
    chord² = 4 sin²(Δφ/2) + 4 cos φ cos φ' sin²(Δλ/2)  ≥  Δφ² (1 − m²/12) + cos φ · c · k² Δλ²   for |Δλ| ≤ 0.2
    |Δλ| > 0.2 can be near only where cos φ · c · 4 sin² 0.1 ≤ m²: beside a pole, where Δλ is not asked at all

The right side is the squared length of a segment to the origin, stretched along one axis: no libm is needed. Beside a
pole means within about five margins of it; there a polygon is near as soon as its latitude is.
"""

from __future__ import annotations

from typing import Any

from numba import types

from geooffer.kernels.cells import cell_key
from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.fence_types import EXCLUSION, FENCES
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7, part_covers, stripes_between, wrapped_longitude
from geooffer.kernels.hashing import home_index
from geooffer.kernels.trig import RADIANS_PER_CM, RADIANS_PER_E7, chord_squared_of_cm, sine_cosine_e7, unit_vector
from geooffer.kernels.types import I4, PINGS, POLICY, U1
from geooffer.model.columns import Int32Array, StructArray, UInt8Array
from geooffer.model.exclusion_tables import ExclusionTables
from geooffer.model.fence_tables import FenceTables
from geooffer.model.limits import LATITUDE_MAX_E7
from geooffer.model.policy import Policy
from geooffer.model.verdicts import PingVerdict

EXCLUSION_ZONE = int(PingVerdict.EXCLUSION_ZONE)
FAR_LONGITUDE_CHORD_SQUARED = 0.0398672
"""4 sin² 0.1, rounded down."""
NEAR_LONGITUDE_FACTOR = 0.9966
"""(2 sin 0.1 / 0.2)², rounded down: what is left of Δλ² as a chord for |Δλ| ≤ 0.2."""


@kernel
def widened_cm(distance_cm: int) -> int:
    """A margin with its 1 % and 2 cm, rounded up."""
    return int(distance_cm) + (int(distance_cm) + 99) // 100 + 2


@kernel
def _edge_is_near(edge: Any, latitude_e7: int, origin_e7: int, reach: float, longitude_factor: float) -> bool:
    """Whether the edge's lower bound of the module's text comes within `reach` (radians)."""
    ay = (edge["latitude_a_e7"] - latitude_e7) * RADIANS_PER_E7
    by = (edge["latitude_b_e7"] - latitude_e7) * RADIANS_PER_E7
    if (ay > reach and by > reach) or (ay < -reach and by < -reach):
        return False
    ax = (edge["longitude_a_e7"] - origin_e7) * RADIANS_PER_E7
    bx = (edge["longitude_b_e7"] - origin_e7) * RADIANS_PER_E7
    if ay > reach or ay < -reach:
        level = reach if ay > reach else -reach
        ax += (bx - ax) * ((level - ay) / (by - ay))
        ay = level
    if by > reach or by < -reach:
        level = reach if by > reach else -reach
        bx = ax + (bx - ax) * ((level - ay) / (by - ay))
        by = level
    run = bx - ax
    rise = by - ay
    length_squared = longitude_factor * run * run + rise * rise
    along = 0.0
    if length_squared > 0.0:
        along = min(max(-(longitude_factor * ax * run + ay * rise) / length_squared, 0.0), 1.0)
    x = ax + along * run
    y = ay + along * rise
    return bool(longitude_factor * x * x + y * y <= reach * reach)


@kernel
def part_is_near(fences: FenceTables, part_index: int, latitude_e7: int, longitude_e7: int, margin_cm: int) -> bool:
    """Whether a part comes within `margin_cm` of a point with longitude in [−180°, 180°); in doubt it does."""
    part = fences.parts[part_index]
    if part["radius_cm"] > 0:
        x, y, z = unit_vector(latitude_e7, longitude_e7)
        x -= part["centre_x"]
        y -= part["centre_y"]
        z -= part["centre_z"]
        return bool(x * x + y * y + z * z <= chord_squared_of_cm(widened_cm(part["radius_cm"] + margin_cm)))
    reach_cm = widened_cm(margin_cm)
    reach = reach_cm * RADIANS_PER_CM
    reach_e7 = int(reach / RADIANS_PER_E7) + 1
    if latitude_e7 + reach_e7 < part["min_latitude_e7"] or latitude_e7 - reach_e7 > part["max_latitude_e7"]:
        return False
    if part_covers(fences, part_index, latitude_e7, longitude_e7):
        return True
    # the turn of the frame that brings it nearest to the point
    away_e7 = int(longitude_e7) - (int(part["min_longitude_e7"]) + int(part["max_longitude_e7"])) // 2
    origin_e7 = int(longitude_e7)
    if away_e7 < -HALF_TURN_E7:
        origin_e7 += TURN_E7
    elif away_e7 >= HALF_TURN_E7:
        origin_e7 -= TURN_E7
    _, cosine = sine_cosine_e7(latitude_e7)
    _, least_cosine = sine_cosine_e7(min(abs(int(latitude_e7)) + reach_e7, LATITUDE_MAX_E7))
    both = max(cosine * least_cosine, 0.0)
    longitude_factor = both * NEAR_LONGITUDE_FACTOR
    if both * FAR_LONGITUDE_CHORD_SQUARED <= reach * reach:
        longitude_factor = 0.0
    edge_start = int(part["edge_start"])
    block = int(part["stripe_start"])
    first, last = stripes_between(fences, part, latitude_e7 - reach_e7, latitude_e7 + reach_e7)
    if last < 0:
        for entry in range(part["edge_count"]):
            if _edge_is_near(fences.edges[edge_start + entry], latitude_e7, origin_e7, reach, longitude_factor):
                return True
        return False
    # the stripes' lists follow one another
    for entry in range(fences.stripes[block + first], fences.stripes[block + last + 1]):
        edge = fences.edges[edge_start + fences.stripes[block + entry]]
        if _edge_is_near(edge, latitude_e7, origin_e7, reach, longitude_factor):
            return True
    return False


@kernel
def _is_in_force(zones: ExclusionTables, zone: int, first_ms: int, last_ms: int) -> bool:
    """Whether the zone is valid at any moment from fix to arrival."""
    row = zones.zones[zone]
    return bool(row["valid_from_ms"] <= last_ms and first_ms < row["valid_until_ms"])


@kernel
def _part_excludes(
    zones: ExclusionTables,
    part_index: int,
    latitude_e7: int,
    longitude_e7: int,
    accuracy_cm: int,
    first_ms: int,
    last_ms: int,
) -> bool:
    zone = zones.shapes.parts[part_index]["fence_number"]
    if not _is_in_force(zones, zone, first_ms, last_ms):
        return False
    margin_cm = zones.zones[zone]["buffer_cm"] + accuracy_cm
    return part_is_near(zones.shapes, part_index, latitude_e7, longitude_e7, margin_cm)


@kernel
def _excluded_by_cells(
    zones: ExclusionTables, latitude_e7: int, longitude_e7: int, accuracy_cm: int, first_ms: int, last_ms: int
) -> bool:
    shapes = zones.shapes
    mask = len(shapes.cells) - 1
    for level in range(len(shapes.cell_levels)):
        key = cell_key(int(shapes.cell_levels[level]), latitude_e7, longitude_e7)
        slot = home_index(key, len(shapes.cells))
        while shapes.cells[slot]["key"] != 0 and shapes.cells[slot]["key"] != key:
            slot = (slot + 1) & mask
        if shapes.cells[slot]["key"] == 0:
            continue
        first = int(shapes.cells[slot]["start"])
        for index in range(first, first + shapes.cells[slot]["count"]):
            part_index = int(shapes.cell_parts[index]) >> 1
            if (shapes.cell_parts[index] & 1) == 1:
                if _is_in_force(zones, shapes.parts[part_index]["fence_number"], first_ms, last_ms):
                    return True
            elif _part_excludes(zones, part_index, latitude_e7, longitude_e7, accuracy_cm, first_ms, last_ms):
                return True
    return False


@kernel
def _excluded_by_tree(
    zones: ExclusionTables, latitude_e7: int, longitude_e7: int, accuracy_cm: int, first_ms: int, last_ms: int
) -> bool:
    shapes = zones.shapes
    node_index = 0
    while node_index < len(shapes.nodes):
        node = shapes.nodes[node_index]
        if (
            latitude_e7 < node["min_latitude_e7"]
            or latitude_e7 > node["max_latitude_e7"]
            or longitude_e7 < node["min_longitude_e7"]
            or longitude_e7 > node["max_longitude_e7"]
        ):
            node_index = int(node["skip"])
            continue
        if node["item_count"] == 0:
            node_index += 1
            continue
        for item_index in range(node["item_start"], node["item_start"] + node["item_count"]):
            item = shapes.items[item_index]
            if (
                item["min_latitude_e7"] <= latitude_e7 <= item["max_latitude_e7"]
                and item["min_longitude_e7"] <= longitude_e7 <= item["max_longitude_e7"]
                and _part_excludes(zones, item["part"], latitude_e7, longitude_e7, accuracy_cm, first_ms, last_ms)
            ):
                return True
        node_index = int(node["skip"])
    return False


@kernel
def _excluded_by_any(
    zones: ExclusionTables, latitude_e7: int, longitude_e7: int, accuracy_cm: int, first_ms: int, last_ms: int
) -> bool:
    """Every zone: for fixes that are coarser than the boxes are made for."""
    for part_index in range(len(zones.shapes.parts)):
        if _part_excludes(zones, part_index, latitude_e7, longitude_e7, accuracy_cm, first_ms, last_ms):
            return True
    return False


@entry(lambda: types.int64(EXCLUSION, POLICY, PINGS, U1, U1, types.int64))
def exclude_rows(
    zones: ExclusionTables,
    policy: Policy,
    pings: StructArray,
    verdicts: UInt8Array,
    wanted: UInt8Array,
    use_cells: int,
) -> int:
    """Of n PING rows, those with wanted = 1 that touch a zone get EXCLUSION_ZONE and wanted = 0; returns how many.

    An unknown accuracy (0) is the policy's assumed one, as in presence. use_cells: 0 asks the packed tree.
    """
    count = 0
    for row in range(len(pings)):
        if wanted[row] == 0:
            continue
        ping = pings[row]
        accuracy_cm = ping.accuracy_cm if ping.accuracy_cm > 0 else policy.assumed_accuracy_cm
        latitude_e7 = int(ping.latitude_e7)
        longitude_e7 = wrapped_longitude(int(ping.longitude_e7))
        first_ms = min(ping.fix_time_ms, ping.now_ms)
        last_ms = max(ping.fix_time_ms, ping.now_ms)
        if accuracy_cm > zones.accuracy_max_cm:
            excluded = _excluded_by_any(zones, latitude_e7, longitude_e7, accuracy_cm, first_ms, last_ms)
        elif use_cells != 0:
            excluded = _excluded_by_cells(zones, latitude_e7, longitude_e7, accuracy_cm, first_ms, last_ms)
        else:
            excluded = _excluded_by_tree(zones, latitude_e7, longitude_e7, accuracy_cm, first_ms, last_ms)
        if excluded:
            verdicts[row] = EXCLUSION_ZONE
            wanted[row] = 0
            count += 1
    return count


@entry(lambda: types.boolean(FENCES, I4, I4, types.int64))
def any_is_near(fences: FenceTables, latitudes_e7: Int32Array, longitudes_e7: Int32Array, margin_cm: int) -> bool:
    """Whether any of these points comes within `margin_cm` of any part of `fences`; its indexes are not asked."""
    for row in range(len(latitudes_e7)):
        longitude_e7 = wrapped_longitude(int(longitudes_e7[row]))
        for part_index in range(len(fences.parts)):
            if part_is_near(fences, part_index, int(latitudes_e7[row]), longitude_e7, margin_cm):
                return True
    return False
