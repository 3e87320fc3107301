"""Decoding shapes with or without repair, and what was mended or clipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import store_service_pb2 as pb

Noun = TypeVar("Noun")


class Mended(Generic[Noun]):
    """The decoder of one request, and its notes."""

    def __init__(
        self,
        repair: bool,
        decode: Callable[..., tuple[Noun, str]],
        clip: Callable[[Noun], tuple[Noun, str]] | None = None,
    ) -> None:
        """`decode(message, repair=…)`: the noun and what was mended. `clip`: makes of each noun what exclusion zones
        leave of it, and says so.
        """
        self._repair = repair
        self._decode = decode
        self._clip = clip
        self._notes: dict[int, str] = {}
        self._row = -1

    def decode(self, message: Any) -> Noun:
        """Decode the next noun of the request. Raises InvalidShapeError where it cannot be mended, or may not be."""
        self._row += 1
        noun, note = self._decode(message, repair=self._repair)
        cut = ""
        if self._clip is not None:
            noun, cut = self._clip(noun)
        if note or cut:
            self._notes[self._row] = "; ".join(filter(None, (note, cut)))
        return noun

    @property
    def note(self) -> str:
        """What was mended in the only noun, one sentence; '' = nothing."""
        return self._notes.get(0, "")

    def notes_of_applied(self, problems: Iterable[resources.RowProblem]) -> dict[int, str]:
        """Notes by row, of the rows that were applied, ascending."""
        refused = {problem.row for problem in problems}
        return {row: note for row, note in self._notes.items() if row not in refused}

    def repairs(self, problems: Iterable[resources.RowProblem]) -> list[pb.RowRepair]:
        """The mended rows that were applied, ascending."""
        return [pb.RowRepair(row=row, note=note) for row, note in self.notes_of_applied(problems).items()]
