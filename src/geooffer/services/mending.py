"""Decoding fences with or without repair, and what was mended."""

from __future__ import annotations

from collections.abc import Iterable

from geooffer.model.catalog import Geofence
from geooffer.rpc.convert import decode_geofence
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import store_service_pb2 as pb


class Mended:
    """The decoder of one request, and its notes."""

    def __init__(self, repair: bool) -> None:
        self._repair = repair
        self._notes: dict[int, str] = {}
        self._row = -1

    def decode(self, message: resources.Geofence) -> Geofence:
        """Decode the next fence of the request. Raises InvalidShapeError where it cannot be mended, or may not be."""
        self._row += 1
        geofence, note = decode_geofence(message, repair=self._repair)
        if note:
            self._notes[self._row] = note
        return geofence

    @property
    def note(self) -> str:
        """What was mended in the only fence, one sentence; '' = nothing."""
        return self._notes.get(0, "")

    def repairs(self, problems: Iterable[resources.RowProblem]) -> list[pb.RowRepair]:
        """The mended rows that were applied, ascending."""
        refused = {problem.row for problem in problems}
        return [pb.RowRepair(row=row, note=note) for row, note in self._notes.items() if row not in refused]
