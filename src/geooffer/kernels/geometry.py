"""The exact tests: does a fence cover a point, and is the point farther from it than a margin.

Boundaries belong to a fence (semantics G3). A polygon is decided by the signs of int64 determinants in the
part's own frame, no epsilon: an upward or downward edge that straddles the point's latitude toggles, a
determinant of zero is "on the edge". Shell and holes of a part are one list of edges: inside the shell and
inside a hole toggles twice. A circle is decided by squared chords, which grow with the great-circle distance.

A part with many edges is asked by stripe (model/fence_tables.py): an edge that straddles or touches a latitude meets
the stripe that latitude lies in, so one stripe decides as all edges would. Its 10,000 vertices cost what a few do.
"""

from __future__ import annotations

from typing import Any

from geooffer.kernels.compile import kernel
from geooffer.kernels.trig import METRES_PER_E7, chord_squared_of_cm, sine_cosine_e7, unit_vector
from geooffer.model.columns import StructArray
from geooffer.model.fence_tables import FenceTables

HALF_TURN_E7 = 1_800_000_000
TURN_E7 = 3_600_000_000


@kernel
def wrapped_longitude(longitude_e7: int) -> int:
    """A longitude of [−180°, 180°] in [−180°, 180°): +180° equals −180° (semantics G1)."""
    return longitude_e7 - TURN_E7 if longitude_e7 >= HALF_TURN_E7 else longitude_e7


@kernel
def polygon_covers(fences: FenceTables, part: StructArray, latitude_e7: int, longitude_e7: int) -> bool:
    """Whether the rings of a part cover a point in its frame, longitudes within a turn of it."""
    if latitude_e7 < part["min_latitude_e7"] or latitude_e7 > part["max_latitude_e7"]:
        return False
    edge_start = int(part["edge_start"])
    block = int(part["stripe_start"])
    shift = int(part["stripe_shift"])
    first = 0
    end = int(part["edge_count"])
    if shift > 0:
        stripe = block + ((latitude_e7 - int(part["min_latitude_e7"])) >> shift)
        first = int(fences.stripes[stripe])
        end = int(fences.stripes[stripe + 1])
    inside = False
    for entry in range(first, end):
        edge = fences.edges[edge_start + (int(fences.stripes[block + entry]) if shift > 0 else entry)]
        latitude_a = int(edge["latitude_a_e7"])
        latitude_b = int(edge["latitude_b_e7"])
        if (latitude_a > latitude_e7) != (latitude_b > latitude_e7):
            longitude_a = int(edge["longitude_a_e7"])
            turn = (int(edge["longitude_b_e7"]) - longitude_a) * (latitude_e7 - latitude_a) - (
                latitude_b - latitude_a
            ) * (longitude_e7 - longitude_a)
            if turn == 0:
                return True
            if (turn > 0) == (latitude_b > latitude_a):
                inside = not inside
        elif latitude_a == latitude_e7:
            # Not straddled, yet the edge may touch: at its start, or along all of a level edge. Its end is
            # the start of the ring's next edge.
            longitude_a = int(edge["longitude_a_e7"])
            if longitude_a == longitude_e7:
                return True
            if latitude_b == latitude_e7 and (longitude_a > longitude_e7) != (
                int(edge["longitude_b_e7"]) > longitude_e7
            ):
                return True
    return inside


@kernel
def part_covers(fences: FenceTables, part_index: int, latitude_e7: int, longitude_e7: int) -> bool:
    """Whether one part covers a point with longitude in [−180°, 180°)."""
    part = fences.parts[part_index]
    if part["radius_cm"] > 0:
        x, y, z = unit_vector(latitude_e7, longitude_e7)
        x -= part["centre_x"]
        y -= part["centre_y"]
        z -= part["centre_z"]
        return bool(x * x + y * y + z * z <= part["chord_squared"])
    longitude = int(longitude_e7)
    if longitude < part["min_longitude_e7"]:
        longitude += TURN_E7
    if longitude > part["max_longitude_e7"]:
        return False
    return polygon_covers(fences, part, latitude_e7, longitude)


@kernel
def covers(fences: FenceTables, fence_number: int, latitude_e7: int, longitude_e7: int) -> bool:
    """Whether the fence covers the point, boundary included. A removed fence covers nothing."""
    fence = fences.fences[fence_number]
    longitude = wrapped_longitude(int(longitude_e7))
    for part_index in range(fence["part_start"], fence["part_start"] + fence["part_count"]):
        if part_covers(fences, part_index, latitude_e7, longitude):
            return True
    return False


@kernel
def stripes_between(fences: FenceTables, part: StructArray, south_e7: int, north_e7: int) -> tuple[int, int]:
    """First and last stripe of a part that meet these latitudes; (0, −1) where all edges had better be asked.

    That is a part without stripes, and a band that lists as many edges as the part has.
    """
    shift = int(part["stripe_shift"])
    if shift == 0:
        return 0, -1
    low_e7 = int(part["min_latitude_e7"])
    high_e7 = int(part["max_latitude_e7"])
    first = (min(max(south_e7, low_e7), high_e7) - low_e7) >> shift
    last = (min(max(north_e7, low_e7), high_e7) - low_e7) >> shift
    block = int(part["stripe_start"])
    if fences.stripes[block + last + 1] - fences.stripes[block + first] >= part["edge_count"]:
        return 0, -1
    return first, last


@kernel
def _edge_within(edge: Any, latitude_e7: int, origin_e7: int, east_m: float, margin_m: float) -> bool:
    """Whether an edge comes within the margin of a point, where a unit of longitude is `east_m` long."""
    ax = (edge["longitude_a_e7"] - origin_e7) * east_m
    ay = (edge["latitude_a_e7"] - latitude_e7) * METRES_PER_E7
    bx = (edge["longitude_b_e7"] - origin_e7) * east_m
    by = (edge["latitude_b_e7"] - latitude_e7) * METRES_PER_E7
    if min(ax, bx) > margin_m or max(ax, bx) < -margin_m or min(ay, by) > margin_m or max(ay, by) < -margin_m:
        return False
    run = bx - ax
    rise = by - ay
    length_squared = run * run + rise * rise
    along = 0.0
    if length_squared > 0.0:
        along = min(max(-(ax * run + ay * rise) / length_squared, 0.0), 1.0)
    x = ax + along * run
    y = ay + along * rise
    return bool(x * x + y * y <= margin_m * margin_m)


@kernel
def _edges_farther_than(
    fences: FenceTables, part_index: int, latitude_e7: int, longitude_e7: int, margin_cm: int
) -> bool:
    """Whether every edge is farther than the margin, in the local plane at the point (semantics G2)."""
    part = fences.parts[part_index]
    margin_m = margin_cm * 0.01
    reach_e7 = int(margin_m / METRES_PER_E7) + 1
    low_e7 = int(part["min_latitude_e7"])
    if latitude_e7 + reach_e7 < low_e7 or latitude_e7 - reach_e7 > part["max_latitude_e7"]:
        return True
    # the turn of the frame that brings it nearest to the point
    away_e7 = int(longitude_e7) - (int(part["min_longitude_e7"]) + int(part["max_longitude_e7"])) // 2
    origin_e7 = int(longitude_e7)
    if away_e7 < -HALF_TURN_E7:
        origin_e7 += TURN_E7
    elif away_e7 >= HALF_TURN_E7:
        origin_e7 -= TURN_E7
    _, latitude_cosine = sine_cosine_e7(latitude_e7)
    east_m = METRES_PER_E7 * latitude_cosine
    reach_east_e7 = int(min(margin_m / max(east_m, 1e-9), TURN_E7)) + 1
    west_e7 = origin_e7 - reach_east_e7
    east_e7 = origin_e7 + reach_east_e7
    if part["min_longitude_e7"] > east_e7 or part["max_longitude_e7"] < west_e7:
        return True
    edge_start = int(part["edge_start"])
    block = int(part["stripe_start"])
    shift = int(part["stripe_shift"])
    first, last = stripes_between(fences, part, latitude_e7 - reach_e7, latitude_e7 + reach_e7)
    if last < 0:
        for entry in range(part["edge_count"]):
            if _edge_within(fences.edges[edge_start + entry], latitude_e7, origin_e7, east_m, margin_m):
                return False
        return True
    for stripe in range(first, last + 1):
        # an edge that reaches into a stripe from below was asked there
        floor_e7 = low_e7 + (stripe << shift) if stripe > first else -HALF_TURN_E7
        for entry in range(fences.stripes[block + stripe], fences.stripes[block + stripe + 1]):
            edge = fences.edges[edge_start + fences.stripes[block + entry]]
            longitude_a = int(edge["longitude_a_e7"])
            longitude_b = int(edge["longitude_b_e7"])
            if (longitude_a > east_e7 and longitude_b > east_e7) or (longitude_a < west_e7 and longitude_b < west_e7):
                continue
            if min(edge["latitude_a_e7"], edge["latitude_b_e7"]) < floor_e7:
                continue
            if _edge_within(edge, latitude_e7, origin_e7, east_m, margin_m):
                return False
    return True


@kernel
def farther_than_cm(
    fences: FenceTables, fence_number: int, latitude_e7: int, longitude_e7: int, margin_cm: int
) -> bool:
    """Whether the point is not covered and its distance to the fence exceeds `margin_cm`.

    True for a removed fence. Circles: great-circle distance. Polygons: local plane at the point.
    """
    fence = fences.fences[fence_number]
    longitude = wrapped_longitude(int(longitude_e7))
    for part_index in range(fence["part_start"], fence["part_start"] + fence["part_count"]):
        part = fences.parts[part_index]
        if part["radius_cm"] > 0:
            x, y, z = unit_vector(latitude_e7, longitude)
            x -= part["centre_x"]
            y -= part["centre_y"]
            z -= part["centre_z"]
            if x * x + y * y + z * z <= chord_squared_of_cm(part["radius_cm"] + margin_cm):
                return False
        else:
            if part_covers(fences, part_index, latitude_e7, longitude):
                return False
            if not _edges_farther_than(fences, part_index, latitude_e7, longitude, margin_cm):
                return False
    return True
