"""Messages of the ping service as friends and foes would send them, from a seed: whole, mutated, and free bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from geooffer.model import limits
from geooffer.rpc.codec import Sender
from geooffer.v1 import ping_service_pb2 as pb

T = TypeVar("T")


class Chance:
    """Numbers from a seed, drawn in blocks: one by one they would cost more than the codecs under test."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.default_rng(seed)
        self._drawn: list[float] = []

    def random(self) -> float:
        """0 ≤ it < 1."""
        if not self._drawn:
            self._drawn = self._source.random(4_096).tolist()
        return self._drawn.pop()

    def below(self, end: int) -> int:
        """0 ≤ it < end."""
        return int(self.random() * end)

    def between(self, low: int, high: int) -> int:
        """Both included."""
        return low + self.below(high - low + 1)

    def choice(self, values: Sequence[T]) -> T:
        """One of them."""
        return values[self.below(len(values))]

    def bytes(self, count: int) -> bytes:
        """Any bytes."""
        return bytes(self.below(256) for _ in range(count))


OWN_KEY = 77
SENDERS = (
    Sender(own_key=OWN_KEY),
    Sender(own_key=0, key_ranges=((1, 1_000), (5_000, 6_000))),
    Sender(own_key=0, key_ranges=((-(2**63), 2**63 - 1),)),
    Sender(own_key=0),
)
_LONGS = (0, 1, -1, 5, 77, 1_000, 1_001, 5_500, 2**31, -(2**31), 2**63 - 1, -(2**63))
_INTS = (0, 1, -1, 100, 2**31 - 1, -(2**31))
_LATITUDES = (0, 473_000_000, limits.LATITUDE_MAX_E7, -limits.LATITUDE_MAX_E7, limits.LATITUDE_MAX_E7 + 1)
_LONGITUDES = (0, 85_000_000, limits.LONGITUDE_MAX_E7, -limits.LONGITUDE_MAX_E7, limits.LONGITUDE_MAX_E7 + 1)
_ACCURACIES = (0, 500, limits.ACCURACY_MAX_CM, limits.ACCURACY_MAX_CM + 1, -1)
_AGES = (0, 250, limits.FIX_AGE_MAX_MS, limits.FIX_AGE_MAX_MS + 1, -1, 2**63 - 1, -(2**63))
_SPEEDS = (-1, 0, 140, limits.SPEED_MAX_CM_PER_S, limits.SPEED_MAX_CM_PER_S + 1, -2)
_BUDGETS = (0, 50, limits.DECISION_BUDGET_MAX_MS, limits.DECISION_BUDGET_MAX_MS + 1, -1, -(2**31))
_SECONDS = (0, 1_700_000_000, limits.TIME_MAX_MS // 1000, limits.TIME_MAX_MS // 1000 + 1, -1, 2**63 - 1, -(2**63))
_NANOS = (0, 1, 999_999_999, 1_000_000_000, -1, 123_456_789)
_OFFSETS = (0, 1_000, -1_000, limits.TIME_MAX_MS, -limits.TIME_MAX_MS, limits.TIME_MAX_MS + 1, 2**63 - 1, -(2**63))
_ROW_COUNTS = (0, 1, 2, 15, 16, 17, 40, 1_024, 1_025)


def messages(seed: int, count: int) -> Iterator[bytes]:
    """`count` serialised requests, good, bad and not at all."""
    chance = Chance(seed)
    earlier = [b""]
    for _ in range(count):
        way = chance.random()
        if way < 0.35:
            data = request(chance).SerializeToString()
        elif way < 0.75:
            data = mutated(chance, chance.choice(earlier), chance.choice(earlier))
        else:
            data = fields(chance, 0)
        if len(data) < 2_000:
            earlier.append(data)
            if len(earlier) > 500:
                earlier[chance.below(len(earlier))] = earlier.pop()
        yield data


def request(chance: Chance) -> pb.StreamPingsRequest:
    """A serialiser's own work, with values in and out of range."""
    if chance.random() < 0.5:
        return pb.StreamPingsRequest(ping=_ping(chance))
    return pb.StreamPingsRequest(batch=_batch(chance))


def _ping(chance: Chance) -> pb.Ping:
    ping = pb.Ping()
    values = {
        "sequence": _LONGS,
        "session_id": _LONGS,
        "latitude_e7": _LATITUDES,
        "longitude_e7": _LONGITUDES,
        "accuracy_cm": _ACCURACIES,
        "fix_age_millis": _AGES,
        "decision_budget_millis": _BUDGETS,
        "device_key": (0, OWN_KEY, 5_001, *_LONGS),
        "speed_cm_per_s": _SPEEDS,
        "wants_next_ping": (False, True),
    }
    for name, choices in values.items():
        if chance.random() < 0.5:
            # mostly the first ones, which are good: else hardly a row would be
            setattr(ping, name, choices[min(chance.below(len(choices)), chance.below(len(choices)))])
    if chance.random() < 0.3:
        ping.fix_time.seconds = chance.choice(_SECONDS)
        ping.fix_time.nanos = chance.choice(_NANOS)
    return ping


def _batch(chance: Chance) -> pb.PingBatch:
    batch = pb.PingBatch()
    count = chance.choice(_ROW_COUNTS[:7] if chance.random() < 0.97 else _ROW_COUNTS)
    odd = 0.3 if chance.random() < 0.3 else 0.0
    columns: dict[str, tuple[int, ...]] = {
        "device_keys": (0, OWN_KEY) if chance.random() < 0.5 else (5_500, 1, *_LONGS),
        "session_ids": _LONGS,
        "sequences": _LONGS,
        "latitudes_e7": _LATITUDES,
        "longitudes_e7": _LONGITUDES,
        "accuracies_cm": _ACCURACIES,
        "fix_ages_millis": _AGES,
        "fix_offsets_millis": _OFFSETS,
        "speeds_cm_per_s": _SPEEDS,
    }
    for name, choices in columns.items():
        if name in ("latitudes_e7", "longitudes_e7") or chance.random() < 0.4:
            length = count if chance.random() < 0.98 else max(0, count + chance.choice((-1, 1)))
            getattr(batch, name).extend(
                chance.choice(choices) if chance.random() < odd else choices[chance.below(2)] for _ in range(length)
            )
    if chance.random() < 0.4:
        batch.base_time.seconds = chance.choice(_SECONDS[:3] if chance.random() < 0.7 else _SECONDS)
        batch.base_time.nanos = chance.choice(_NANOS)
    if chance.random() < 0.3:
        batch.decision_budget_millis = chance.choice(_BUDGETS)
    batch.wants_next_ping = chance.random() < 0.2
    return batch


def mutated(chance: Chance, data: bytes, other: bytes) -> bytes:
    """One to four small accidents."""
    changed = bytearray(data)
    for _ in range(chance.between(1, 4)):
        place = chance.between(0, len(changed))
        kind = chance.below(7)
        if kind == 0:
            del changed[place:]
        elif kind == 1:
            del changed[place : place + chance.between(1, 4)]
        elif kind == 2:
            changed[place:place] = chance.bytes(chance.between(1, 3))
        elif kind == 3 and place < len(changed):
            changed[place] ^= 1 << chance.below(8)
        elif kind == 4 and place < len(changed):
            changed[place] = chance.choice((0, 0x7F, 0x80, 0xFF, 1, 0x0A, 0x12))
        elif kind == 5:
            changed += other
        else:
            start = chance.between(0, len(other))
            changed[place:place] = other[start : start + chance.between(1, 12)]
    return bytes(changed)


def varint(chance: Chance, value: int) -> bytes:
    """A varint, sometimes longer than it has to be, sometimes longer than is allowed."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    if chance.random() < 0.05:
        data[-1] |= 0x80
        data += b"\x80" * chance.between(0, 9) + bytes((chance.below(4),))
    return bytes(data)


def fields(chance: Chance, depth: int) -> bytes:
    """Fields by the grammar of the wire, known and unknown, of the right and of wrong types, one within another."""
    parts = []
    for _ in range(chance.choice((0, 1, 1, 2, 3, 5))):
        number = chance.between(0, 13) if chance.random() < 0.97 else chance.choice((2**29 - 1, 2**29, 2**32))
        wire_type = chance.choice((0, 0, 1, 2, 2, 2, 3, 5, chance.below(8)))
        if depth == 0 and chance.random() < 0.8:
            number, wire_type = chance.between(1, 2), 2
        tag = varint(chance, number << 3 | wire_type)
        if wire_type == 0:
            content = varint(chance, chance.choice((0, 1, 2, 150, 2**32, 2**64 - 1, chance.below(2**40))))
        elif wire_type == 1:
            content = struct.pack("<q", chance.choice(_LONGS))
        elif wire_type == 2:
            inner = fields(chance, depth + 1) if depth < 4 and chance.random() < 0.6 else _packed(chance)
            length = len(inner) if chance.random() < 0.97 else max(0, len(inner) + chance.between(-2, 2))
            content = varint(chance, length) + inner
        elif wire_type == 3:
            inner = fields(chance, depth + 1) if depth < 6 else b""
            end = number if chance.random() < 0.95 else number + 1
            levels = chance.between(90, 103) if chance.random() < 0.05 else 0
            content = tag * levels + inner + varint(chance, end << 3 | 4) * (levels + 1)
        elif wire_type == 5:
            content = struct.pack("<i", chance.choice(_INTS))
        else:
            content = b""
        parts.append(tag + content)
    return b"".join(parts)


def _packed(chance: Chance) -> bytes:
    if chance.random() < 0.5:
        return struct.pack("<2q", chance.choice(_LONGS), chance.choice(_LONGS))[: chance.choice((8, 16, 16, 7))]
    return struct.pack("<2i", chance.choice(_INTS), chance.choice(_INTS))[: chance.choice((4, 8, 8, 6))]
