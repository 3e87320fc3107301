"""Few circles that contain every boundary of a fence near a place: what a sleeping phone watches (product S14).

1  `pieces_near` cuts what lies within a reach into balls in space: a small fence as a whole, a large one's boundary
   piece by piece (its inside needs no watching: whoever stays inside crosses nothing).
2  `cover_pieces` takes them nearest first and lets circles grow over them, coarser the farther away; the first piece
   that neither fits nor may open a circle ends what the answer is valid for.

Balls in space know no pole and no antimeridian, and a cap on the sphere lies in the ball of its arc, so nothing here
is an approximation that could leave a point out.
"""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.fence_types import FENCES
from geooffer.kernels.geometry import wrapped_longitude
from geooffer.kernels.nearest import box_chord_squared
from geooffer.kernels.packed import is_claimed
from geooffer.kernels.trig import PI, RADIANS_PER_E7, sine_cosine_e7, unit_vector
from geooffer.kernels.types import array_of
from geooffer.model.columns import StructArray
from geooffer.model.fence_tables import FenceTables
from geooffer.model.units import EARTH_RADIUS_M
from geooffer.model.wake import PIECE, PIECE_LENGTH_M, REGION_RADIUS_MIN_M

PIECES = array_of(PIECE)
SLACK_M = 0.05
"""More than what rounding to E7 units and doubles may take from a radius."""


@kernel
def _add_piece(
    pieces: StructArray,
    count: int,
    place: tuple[float, float, float],
    x: float,
    y: float,
    z: float,
    radius_m: float,
    reach_m: float,
) -> int:
    """Append a ball around a unit vector if it is within reach; returns the new count, or −1 where there is no room."""
    east, north, up = x - place[0], y - place[1], z - place[2]
    away_m = EARTH_RADIUS_M * (east * east + north * north + up * up) ** 0.5 - radius_m - SLACK_M
    if away_m > reach_m or count < 0:
        return count
    if count == len(pieces):
        return -1
    pieces[count]["x_m"] = x * EARTH_RADIUS_M
    pieces[count]["y_m"] = y * EARTH_RADIUS_M
    pieces[count]["z_m"] = z * EARTH_RADIUS_M
    pieces[count]["radius_m"] = radius_m + SLACK_M
    pieces[count]["away_m"] = max(away_m, 0.0)
    return count + 1


@kernel
def _way_m(south_e7: int, north_e7: int, wide_e7: int) -> float:
    """At least the length of a line, straight in longitude and latitude, between two parallels."""
    least = 0 if south_e7 <= 0 <= north_e7 else min(abs(south_e7), abs(north_e7))
    _, cosine = sine_cosine_e7(least)
    high, wide = (north_e7 - south_e7) * RADIANS_PER_E7, wide_e7 * RADIANS_PER_E7 * cosine
    return float(EARTH_RADIUS_M * (high * high + wide * wide) ** 0.5)


@kernel
def _add_rim(
    fences: FenceTables,
    part_index: int,
    pieces: StructArray,
    count: int,
    place: tuple[float, float, float],
    reach_m: float,
) -> int:
    """The rim of a large circle, arc by arc: centre · cos r + (north · cos β + east · sin β) · sin r."""
    part = fences.parts[part_index]
    cx, cy, cz = part["centre_x"], part["centre_y"], part["centre_z"]
    flat = (cx * cx + cy * cy) ** 0.5
    # east of the centre; beside a pole any direction will do
    ex, ey = (-cy / flat, cx / flat) if flat > 1e-9 else (1.0, 0.0)
    nx, ny, nz = -cz * ey, cz * ex, cx * ey - cy * ex
    radius_cosine = 1.0 - part["chord_squared"] * 0.5
    radius_sine = max(1.0 - radius_cosine * radius_cosine, 0.0) ** 0.5
    around_m = 2.0 * PI * radius_sine * EARTH_RADIUS_M
    arc_count = int(around_m / PIECE_LENGTH_M) + 1
    for index in range(arc_count):
        sine, cosine = sine_cosine_e7(index * 3_600_000_000 // arc_count)
        x = cx * radius_cosine + (nx * cosine + ex * sine) * radius_sine
        y = cy * radius_cosine + (ny * cosine + ey * sine) * radius_sine
        z = cz * radius_cosine + nz * cosine * radius_sine
        count = _add_piece(pieces, count, place, x, y, z, around_m / arc_count * 0.5 + 1.0, reach_m)
    return count


@kernel
def _add_edges(
    fences: FenceTables,
    part_index: int,
    pieces: StructArray,
    count: int,
    place: tuple[float, float, float],
    reach_m: float,
) -> int:
    """The boundary of a large polygon part, edge by edge, long ones cut."""
    part = fences.parts[part_index]
    for index in range(part["edge_start"], part["edge_start"] + part["edge_count"]):
        edge = fences.edges[index]
        south, west = int(edge["latitude_a_e7"]), int(edge["longitude_a_e7"])
        high, wide = int(edge["latitude_b_e7"]) - south, int(edge["longitude_b_e7"]) - west
        way_m = _way_m(min(south, south + high), max(south, south + high), abs(wide))
        x, y, z = unit_vector(south + high // 2, west + wide // 2)
        x -= place[0]
        y -= place[1]
        z -= place[2]
        if EARTH_RADIUS_M * (x * x + y * y + z * z) ** 0.5 > reach_m + way_m:
            continue
        cut_count = int(way_m / PIECE_LENGTH_M) + 1
        for cut in range(cut_count):
            x, y, z = unit_vector(
                south + high * (2 * cut + 1) // (2 * cut_count), west + wide * (2 * cut + 1) // (2 * cut_count)
            )
            count = _add_piece(pieces, count, place, x, y, z, way_m / cut_count * 0.5, reach_m)
    return count


@kernel
def _add_part(
    fences: FenceTables,
    part_index: int,
    pieces: StructArray,
    count: int,
    place: tuple[float, float, float],
    reach_m: float,
) -> int:
    part = fences.parts[part_index]
    if part["radius_cm"] > 0:
        if part["radius_cm"] * 0.02 > PIECE_LENGTH_M:
            return _add_rim(fences, part_index, pieces, count, place, reach_m)
        return _add_piece(
            pieces,
            count,
            place,
            part["centre_x"],
            part["centre_y"],
            part["centre_z"],
            part["radius_cm"] * 0.01,
            reach_m,
        )
    south, north = int(part["min_latitude_e7"]), int(part["max_latitude_e7"])
    west, east = int(part["min_longitude_e7"]), int(part["max_longitude_e7"])
    way_m = _way_m(south, north, east - west)
    if way_m > PIECE_LENGTH_M:
        return _add_edges(fences, part_index, pieces, count, place, reach_m)
    x, y, z = unit_vector((south + north) // 2, (west + east) // 2)
    # from its box's middle no point of it is farther than half the box's diagonal
    return _add_piece(pieces, count, place, x, y, z, way_m * 0.5, reach_m)


@kernel
def _walk(
    fences: FenceTables,
    nodes: StructArray,
    items: StructArray,
    latitude_e7: int,
    longitude_e7: int,
    reach_m: float,
    pieces: StructArray,
    count: int,
) -> int:
    """Pieces of all parts within reach by one tree; returns the new count, or −1 where there is no room."""
    _, cosine = sine_cosine_e7(latitude_e7)
    place = unit_vector(latitude_e7, longitude_e7)
    bound = (reach_m / EARTH_RADIUS_M) ** 2
    node_index = 0
    while node_index < len(nodes) and count >= 0:
        node = nodes[node_index]
        if box_chord_squared(latitude_e7, longitude_e7, max(cosine, 0.0), node) > bound:
            node_index = int(node["skip"])
            continue
        if node["item_count"] == 0:
            node_index += 1
            continue
        for item_index in range(node["item_start"], node["item_start"] + node["item_count"]):
            part_index = int(items[item_index]["part"])
            if is_claimed(fences, part_index) and count >= 0:
                count = _add_part(fences, part_index, pieces, count, place, reach_m)
        node_index = int(node["skip"])
    return count


@entry(lambda: types.int64(FENCES, types.int64, types.int64, types.float64, PIECES))
def pieces_near(fences: FenceTables, latitude_e7: int, longitude_e7: int, reach_m: float, pieces: StructArray) -> int:
    """Write a PIECE for every small fence, and every piece of a large one's boundary, within reach of a place.

    Returns how many, or −1 where they are more than `pieces` holds. A part over the antimeridian comes twice.
    """
    longitude = wrapped_longitude(longitude_e7)
    count = 0
    for tree in range(2):
        nodes = fences.nodes if tree == 0 else fences.delta_nodes
        items = fences.items if tree == 0 else fences.delta_items
        count = _walk(fences, nodes, items, latitude_e7, longitude, reach_m, pieces, count)
    return count


@kernel
def _joined_radius_m(region: StructArray, piece: StructArray) -> tuple[float, float]:
    """(radius of the least ball around both, distance of their centres)."""
    x, y, z = piece["x_m"] - region["x_m"], piece["y_m"] - region["y_m"], piece["z_m"] - region["z_m"]
    apart_m = (x * x + y * y + z * z) ** 0.5
    if apart_m + piece["radius_m"] <= region["radius_m"]:
        return float(region["radius_m"]), apart_m
    return max((apart_m + piece["radius_m"] + region["radius_m"]) * 0.5, piece["radius_m"]), apart_m


@entry(lambda: types.float64(PIECES, types.int64, types.float64, types.float64, types.float64, types.float64, PIECES))
def cover_pieces(
    pieces: StructArray,
    region_count_max: int,
    reach_m: float,
    growth_m: float,
    growth_share: float,
    most_m: float,
    regions: StructArray,
) -> float:
    """Cover pieces, nearest first, by at most `region_count_max` balls; returns how far from the place all are covered.

    pieces: shape (n,), ascending by away_m. A ball grows over a piece up to growth_m, or growth_share of the way to
    it, but then at most to most_m.
    regions: shape (≥ region_count_max,); a radius of 0 ends them.
    """
    count = 0
    for number in range(len(regions)):
        regions[number]["radius_m"] = 0.0
    for index in range(len(pieces)):
        piece = pieces[index]
        allowed_m = max(growth_m, min(growth_share * piece["away_m"], most_m))
        best, best_m, best_apart_m = -1, allowed_m, 0.0
        for number in range(count):
            radius_m, apart_m = _joined_radius_m(regions[number], piece)
            if radius_m == regions[number]["radius_m"]:
                best, best_m, best_apart_m = number, radius_m, apart_m
                break
            if radius_m <= best_m:
                best, best_m, best_apart_m = number, radius_m, apart_m
        if best >= 0:
            region = regions[best]
            if best_m > region["radius_m"] and best_apart_m > 0.0:
                # not beyond the middle of a piece that holds the whole region
                share = min((best_m - region["radius_m"]) / best_apart_m, 1.0)
                regions[best]["x_m"] += (piece["x_m"] - region["x_m"]) * share
                regions[best]["y_m"] += (piece["y_m"] - region["y_m"]) * share
                regions[best]["z_m"] += (piece["z_m"] - region["z_m"]) * share
            # the centre was moved in floating point
            regions[best]["radius_m"] = best_m + (1e-6 if best_m > region["radius_m"] else 0.0)
        elif count < region_count_max:
            regions[count]["x_m"] = piece["x_m"]
            regions[count]["y_m"] = piece["y_m"]
            regions[count]["z_m"] = piece["z_m"]
            regions[count]["radius_m"] = max(piece["radius_m"], REGION_RADIUS_MIN_M - 1.0)
            count += 1
        else:
            return float(piece["away_m"])
    return float(reach_m)
