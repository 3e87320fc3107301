"""What crosses from the native plane, as arrays: geooffer-py writes the bytes (native/py/src/crossings.rs)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geooffer.model import columns
from geooffer.model.columns import Outcome, StructArray

if TYPE_CHECKING:
    from geooffer_native import Decided

PLACE = np.dtype(
    [
        ("row", "<i4"),  # of the batch
        ("stream_number", "<i4"),
        ("message_row", "<i4"),
        ("_pad", "<i4"),
        ("message_sequence", "<i8"),  # of the stream, from 1
        ("deadline_ns", "<i8"),  # on the plane's clock; the largest int64 = never
        ("ping", columns.PING),  # as decided
    ],
    align=True,
)
assert PLACE.itemsize == 96

MessageKey = tuple[int, int]
"""(stream number, message sequence)."""


class HeldMessage(NamedTuple):
    """A message that is not acknowledged before it is settled."""

    stream_number: int
    message_sequence: int
    wants_next_ping: bool
    wants_tries: bool

    @property
    def key(self) -> MessageKey:
        """Whose and which."""
        return self.stream_number, self.message_sequence


class DecidedBatch:
    """A batch with tries, winners or hints, decided by a worker."""

    def __init__(self, crossing: Decided) -> None:
        self.context_number = crossing.context_number
        self.outcome = Outcome(
            np.zeros(0, dtype=np.uint8),
            np.zeros(0, dtype=columns.TRANSITION),
            np.frombuffer(crossing.tries, dtype=columns.TRY).copy(),
            np.frombuffer(crossing.winners, dtype=columns.WINNER).copy(),
        )
        self.places: StructArray = np.frombuffer(crossing.places, dtype=PLACE)
        self.held = [HeldMessage(*fields) for fields in crossing.held]

    @cached_property
    def index_of_row(self) -> dict[int, int]:
        """Row of the batch → its place."""
        return {row: index for index, row in enumerate(self.places["row"].tolist())}

    def place(self, batch_row: int) -> np.void:
        """A PLACE row."""
        place: np.void = self.places[self.index_of_row[batch_row]]
        return place

    def late_rows(self, now_ns: int, rows: Sequence[int]) -> set[int]:
        """Those of `rows` whose budget is over."""
        return {row for row in rows if int(self.place(row)["deadline_ns"]) < now_ns}

    @cached_property
    def places_of(self) -> dict[MessageKey, list[int]]:
        """Message → indices of its places, ascending."""
        found: dict[MessageKey, list[int]] = {}
        keys = zip(self.places["stream_number"].tolist(), self.places["message_sequence"].tolist(), strict=True)
        for index, key in enumerate(keys):
            found.setdefault(key, []).append(index)
        return found

    @cached_property
    def tries_of(self) -> dict[MessageKey, list[np.void]]:
        """Message → its TRY rows, in the order of the batch, as they are now: commits change verdicts."""
        found: dict[MessageKey, list[np.void]] = {}
        for attempt in self.outcome.tries:
            found.setdefault(self.key_of_row(int(attempt["row"])), []).append(attempt)
        return found

    def key_of_row(self, batch_row: int) -> MessageKey:
        """The message a row came in."""
        place = self.place(batch_row)
        return int(place["stream_number"]), int(place["message_sequence"])


class OutcomeBytes(NamedTuple):
    """What Python made of undecided rows; geooffer-py reads these by name."""

    verdicts: bytes
    transitions: bytes
    tries: bytes
    winners: bytes
    pings: bytes
    """As decided."""
    catalog_generation: int
    context_number: int
    future_tolerance_ms: int


def outcome_bytes(
    outcome: Outcome, pings: StructArray, *, catalog_generation: int, context_number: int, future_tolerance_ms: int
) -> OutcomeBytes:
    """The rows of an outcome of `pings`."""
    return OutcomeBytes(
        outcome.verdicts.tobytes(),
        outcome.transitions.tobytes(),
        outcome.tries.tobytes(),
        outcome.winners.tobytes(),
        pings.tobytes(),
        catalog_generation,
        context_number,
        future_tolerance_ms,
    )
