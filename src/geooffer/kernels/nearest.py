"""How far the nearest fence is, never overestimated: the bound behind `next_ping` (product S14).

A walk over the packed tree (kernels/packed.py) that prunes by what it found so far. One greedy descent gives a first
bound; then nodes are visited in preorder, and a subtree whose box is farther than the bound is skipped: no stack.

Every distance is a lower bound of the great-circle distance, and little less than it where it matters:

* box: hav d = hav Δφ + cos φ cos φ' hav Δλ, each term at its least over the box.
* circle: a chord is shorter than its arc.
* polygon edge: 4 hav θ ≥ θ² (1 − θ²/12), so d² ≥ (1 − θ²/12) (Δφ² + cos φ cos φ' Δλ²) with θ the larger of Δφ and Δλ at
  the edge's ends and cos φ' its least along the edge. That is a plane in which the edge, straight in longitude and
  latitude, is straight. Exact to 0.01 % within 1 km at 60°, and still a bound beside a pole and over the antimeridian.
"""

from __future__ import annotations

import math

from numba import types

from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.fence_types import FENCES
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7, part_covers, wrapped_longitude
from geooffer.kernels.packed import is_claimed
from geooffer.kernels.presence import inside_accuracy_cm, outside_margin_cm
from geooffer.kernels.trig import RADIANS_PER_E7, chord_squared_of_half, sine_cosine_e7, unit_vector
from geooffer.kernels.types import I4, I8, POLICY, array_of
from geooffer.model.columns import Int32Array, Int64Array, StructArray
from geooffer.model.fence_tables import FenceTables
from geooffer.model.hints import DWELL_WAIT_COUNT_MAX, HINT, NO_RIM_CM, REACH_CM
from geooffer.model.policy import Policy
from geooffer.model.units import EARTH_RADIUS_M

LEAST = 1.0 - 1e-9
"""What rounding may have added to a bound is taken off again."""


@kernel
def box_chord_squared(latitude_e7: int, longitude_e7: int, cosine: float, box: StructArray) -> float:
    """At most the squared chord from a point to a box of the index; `cosine`: of the point's latitude."""
    south, north = int(box["min_latitude_e7"]), int(box["max_latitude_e7"])
    away_e7 = max(south - latitude_e7, latitude_e7 - north, 0)
    bound = chord_squared_of_half(away_e7 * RADIANS_PER_E7 * 0.5)
    west, east = int(box["min_longitude_e7"]), int(box["max_longitude_e7"])
    if west <= longitude_e7 <= east:
        return bound * LEAST
    aside_e7 = min((west - longitude_e7) % TURN_E7, (longitude_e7 - east) % TURN_E7)
    _, farthest_cosine = sine_cosine_e7(max(abs(south), abs(north)))
    return (bound + cosine * max(farthest_cosine, 0.0) * chord_squared_of_half(aside_e7 * RADIANS_PER_E7 * 0.5)) * LEAST


@kernel
def edges_distance_m(
    fences: FenceTables, part_index: int, latitude_e7: int, longitude_e7: int, cosine: float, most_m: float
) -> float:
    """At most the distance from a point to the nearest edge of a polygon part; `most_m` where none is nearer."""
    part = fences.parts[part_index]
    origin_e7 = int(longitude_e7)
    away_e7 = origin_e7 - (int(part["min_longitude_e7"]) + int(part["max_longitude_e7"])) // 2
    if away_e7 < -HALF_TURN_E7:
        origin_e7 += TURN_E7
    elif away_e7 >= HALF_TURN_E7:
        origin_e7 -= TURN_E7
    least = (most_m / EARTH_RADIUS_M) ** 2
    for index in range(part["edge_start"], part["edge_start"] + part["edge_count"]):
        edge = fences.edges[index]
        latitude_a, latitude_b = int(edge["latitude_a_e7"]), int(edge["latitude_b_e7"])
        ay = (latitude_a - latitude_e7) * RADIANS_PER_E7
        by = (latitude_b - latitude_e7) * RADIANS_PER_E7
        gap = max(min(ay, by), -max(ay, by), 0.0)
        if gap * gap > least:
            continue
        ax = (int(edge["longitude_a_e7"]) - origin_e7) * RADIANS_PER_E7
        bx = (int(edge["longitude_b_e7"]) - origin_e7) * RADIANS_PER_E7
        _, edge_cosine = sine_cosine_e7(max(abs(latitude_a), abs(latitude_b)))
        squeeze = cosine * max(edge_cosine, 0.0)
        wide_x, wide_y = bx - ax, by - ay
        length_squared = squeeze * wide_x * wide_x + wide_y * wide_y
        along = 0.0
        if length_squared > 0.0:
            along = min(max(-(squeeze * ax * wide_x + ay * wide_y) / length_squared, 0.0), 1.0)
        x, y = ax + along * wide_x, ay + along * wide_y
        widest = max(abs(ax), abs(bx), abs(ay), abs(by))
        flatness = max(1.0 - widest * widest * (1.0 / 12.0), 0.0)
        least = min(least, (squeeze * x * x + y * y) * flatness * LEAST)
    return float(EARTH_RADIUS_M * least**0.5)


@kernel
def _take_dwell(waits_ms: Int64Array, row: int, wait_ms: int) -> None:
    """Enter a dwell time into the row's short ascending list, once."""
    for place in range(row * DWELL_WAIT_COUNT_MAX, (row + 1) * DWELL_WAIT_COUNT_MAX):
        held_ms = waits_ms[place]
        if held_ms == wait_ms:
            return
        if held_ms == 0:
            waits_ms[place] = wait_ms
            return
        if wait_ms < held_ms:
            waits_ms[place] = wait_ms
            wait_ms = held_ms


@kernel
def _at_most_m(part: StructArray, latitude_e7: int, away_m: float) -> float:
    """At least the distance to a polygon part of which `edges_distance_m` says `away_m`: that takes the least cosine of
    latitude along an edge, and beside a long one towards a pole the true one is greater.
    """
    south, north = min(int(part["min_latitude_e7"]), latitude_e7), max(int(part["max_latitude_e7"]), latitude_e7)
    _, greatest = sine_cosine_e7(0 if south <= 0 <= north else min(abs(south), abs(north)))
    _, least = sine_cosine_e7(max(abs(south), abs(north)))
    if least * REACH_CM <= greatest * 100.0:
        return REACH_CM * 0.01
    return float(min(away_m * (greatest / least) * 1.02 + 1.0, REACH_CM * 0.01))


@kernel
def _weigh_part(
    fences: FenceTables,
    policy: Policy,
    part_index: int,
    latitude_e7: int,
    longitude_e7: int,
    cosine: float,
    accuracy_cm: int,
    band_m: float,
    nearest_m: float,
    now_ms: int,
    hints: StructArray,
    waits_ms: Int64Array,
    row: int,
) -> float:
    """What one part adds to a hint; returns the distance to the nearest part that does not cover the point so far."""
    part = fences.parts[part_index]
    is_covered = part_covers(fences, part_index, latitude_e7, longitude_e7)
    if part["radius_cm"] > 0:
        x, y, z = unit_vector(latitude_e7, longitude_e7)
        x -= part["centre_x"]
        y -= part["centre_y"]
        z -= part["centre_z"]
        chord_squared = x * x + y * y + z * z
        chord_m = EARTH_RADIUS_M * chord_squared**0.5
        radius_m = part["radius_cm"] * 0.01
        # the series of 2 arcsin (c / 2) up to c = 1/8, some 800 km, its rest included
        arc_m = chord_m * (1.0 + chord_squared * (1.02 / 24.0))
        away_m = max(radius_m - arc_m, 0.0) if is_covered else max(chord_m - radius_m, 0.0)
        rim_m = -away_m if is_covered else max(arc_m - radius_m, 0.0)
    else:
        # a covered part's rim is looked for up to the reach, another's only as far as it matters
        most_m = REACH_CM * 0.01 if is_covered else max(nearest_m, band_m) + 1.0
        away_m = edges_distance_m(fences, part_index, latitude_e7, longitude_e7, cosine, most_m)
        rim_m = -away_m if is_covered else _at_most_m(part, latitude_e7, away_m)
    fence_number = int(part["fence_number"])
    if is_covered:
        opens_ms = int(fences.fences[fence_number]["valid_from_ms"])
        if opens_ms > now_ms and (hints[row]["opens_ms"] == 0 or opens_ms < hints[row]["opens_ms"]):
            hints[row]["opens_ms"] = opens_ms
        bound_cm = inside_accuracy_cm(fences, policy, fence_number)
        if accuracy_cm <= bound_cm:
            own_ms = fences.fences[fence_number]["dwell_ms"]
            _take_dwell(waits_ms, row, own_ms if own_ms > 0 else policy.dwell_ms)
        else:
            hints[row]["enter_accuracy_cm"] = max(hints[row]["enter_accuracy_cm"], bound_cm)
    if is_covered or away_m * 100.0 <= outside_margin_cm(fences, policy, fence_number, accuracy_cm):
        # without its accuracy, which is that of the fix to come
        leave_cm = outside_margin_cm(fences, policy, fence_number, 0) - math.ceil(rim_m * 100.0)
        hints[row]["leave_cm"] = min(hints[row]["leave_cm"], leave_cm)
    return nearest_m if is_covered else min(nearest_m, away_m)


@kernel
def _first_bound_m(
    fences: FenceTables, nodes: StructArray, items: StructArray, latitude_e7: int, longitude_e7: int, cosine: float
) -> float:
    """At least what the walk ends with: a part's distance in the leaf whose boxes are nearest, or the reach."""
    reach_m = REACH_CM * 0.01
    if len(nodes) == 0:
        return reach_m
    node_index = 0
    while nodes[node_index]["item_count"] == 0:
        end = int(nodes[node_index]["skip"])
        child = node_index + 1
        node_index = child
        nearest = 5.0
        while child < end:
            chord_squared = box_chord_squared(latitude_e7, longitude_e7, cosine, nodes[child])
            if chord_squared < nearest:
                nearest = chord_squared
                node_index = child
            child = int(nodes[child]["skip"])
    start = int(nodes[node_index]["item_start"])
    for item_index in range(start, start + nodes[node_index]["item_count"]):
        part_index = int(items[item_index]["part"])
        part = fences.parts[part_index]
        if not is_claimed(fences, part_index) or part_covers(fences, part_index, latitude_e7, longitude_e7):
            continue
        if part["radius_cm"] > 0:
            x, y, z = unit_vector(latitude_e7, longitude_e7)
            x -= part["centre_x"]
            y -= part["centre_y"]
            z -= part["centre_z"]
            reach_m = min(reach_m, max(EARTH_RADIUS_M * (x * x + y * y + z * z) ** 0.5 - part["radius_cm"] * 0.01, 0.0))
        else:
            reach_m = min(reach_m, edges_distance_m(fences, part_index, latitude_e7, longitude_e7, cosine, reach_m))
    return reach_m


@kernel
def _walk(
    fences: FenceTables,
    nodes: StructArray,
    items: StructArray,
    policy: Policy,
    latitude_e7: int,
    longitude_e7: int,
    cosine: float,
    accuracy_cm: int,
    band_m: float,
    nearest_m: float,
    now_ms: int,
    hints: StructArray,
    waits_ms: Int64Array,
    row: int,
) -> float:
    """All parts that may change a hint, by one tree; returns the least distance so far."""
    node_index = 0
    while node_index < len(nodes):
        bound_m = max(nearest_m, band_m)
        bound = (bound_m / EARTH_RADIUS_M) ** 2
        node = nodes[node_index]
        if box_chord_squared(latitude_e7, longitude_e7, cosine, node) > bound:
            node_index = int(node["skip"])
            continue
        if node["item_count"] == 0:
            node_index += 1
            continue
        for item_index in range(node["item_start"], node["item_start"] + node["item_count"]):
            item = items[item_index]
            bound_m = max(nearest_m, band_m)
            if box_chord_squared(latitude_e7, longitude_e7, cosine, item) > (bound_m / EARTH_RADIUS_M) ** 2:
                continue
            part_index = int(item["part"])
            if is_claimed(fences, part_index):
                nearest_m = _weigh_part(
                    fences,
                    policy,
                    part_index,
                    latitude_e7,
                    longitude_e7,
                    cosine,
                    accuracy_cm,
                    band_m,
                    nearest_m,
                    now_ms,
                    hints,
                    waits_ms,
                    row,
                )
        node_index = int(node["skip"])
    return nearest_m


@entry(lambda: types.void(FENCES, POLICY, types.int64, I4, I4, I4, I4, I8, array_of(HINT), I8))
def hint_rows(
    fences: FenceTables,
    policy: Policy,
    margin_max_cm: int,
    wide_parts: Int32Array,
    latitudes_e7: Int32Array,
    longitudes_e7: Int32Array,
    accuracies_cm: Int32Array,
    nows_ms: Int64Array,
    hints: StructArray,
    waits_ms: Int64Array,
) -> None:
    """Write the HINT of each of n fixes: of its own place and accuracy (0 = unknown), the fences and the policy alone.

    margin_max_cm: the greatest of the policy's and the fences' own. wide_parts: parts of few fences with still greater
    ones, looked at one by one, so that the trees are not searched as far as those reach. latitudes_e7, longitudes_e7,
    accuracies_cm, nows_ms, hints: shape (n,). waits_ms: shape (n × DWELL_WAIT_COUNT_MAX,), per fix the dwell times of
    fences it is inside of, ascending, then zeros.
    """
    waits_ms[:] = 0
    for row in range(len(hints)):
        latitude = int(latitudes_e7[row])
        longitude = wrapped_longitude(int(longitudes_e7[row]))
        accuracy_cm = int(accuracies_cm[row])
        if accuracy_cm == 0:
            accuracy_cm = policy.assumed_accuracy_cm
        _, cosine = sine_cosine_e7(latitude)
        cosine = max(cosine, 0.0)
        # as kernels/presence.py weighs it: up to here a fix is no evidence of having left
        band_m = 0.01 * max(margin_max_cm, accuracy_cm * policy.outside_accuracy_percent // 100)
        hints[row]["leave_cm"] = NO_RIM_CM
        hints[row]["opens_ms"] = 0
        hints[row]["enter_accuracy_cm"] = 0
        nearest_m = _first_bound_m(fences, fences.nodes, fences.items, latitude, longitude, cosine)
        for tree in range(2):
            nearest_m = _walk(
                fences,
                fences.nodes if tree == 0 else fences.delta_nodes,
                fences.items if tree == 0 else fences.delta_items,
                policy,
                latitude,
                longitude,
                cosine,
                accuracy_cm,
                band_m,
                nearest_m,
                int(nows_ms[row]),
                hints,
                waits_ms,
                row,
            )
        for part_index in wide_parts:
            nearest_m = _weigh_part(
                fences,
                policy,
                int(part_index),
                latitude,
                longitude,
                cosine,
                accuracy_cm,
                0.01 * fences.fences[fences.parts[part_index]["fence_number"]]["outside_margin_cm"],
                nearest_m,
                int(nows_ms[row]),
                hints,
                waits_ms,
                row,
            )
        hints[row]["distance_cm"] = max(int(nearest_m * 100.0) - 1, 0)
