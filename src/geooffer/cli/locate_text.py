"""How `geooffer locate` writes its answers: JSON lines or a table, each with explanations where they are wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from geooffer.engine.lookup import Hits, LookUp
    from geooffer.engine.lookup_explained import Candidate, Explanation
    from geooffer.importers.points import Points

_ID_WIDTH_MAX = 40
_KEPT_TEXT_COUNT_MAX = 100_000


class Writer(Protocol):
    """Makes lines of text of points and what covers them."""

    def lines(self, points: Points, hits: Hits) -> Iterator[str]:
        """Each with its line end."""
        ...


class Explanations:
    """Explanations in words and as objects."""

    def __init__(self, lookup: LookUp) -> None:
        from geooffer.engine.lookup_explained import Explainer

        self._explainer = Explainer(lookup)
        self._names = [fence.geofence_id for fence in lookup.fences]

    def of(self, points: Points, row: int, covering: Sequence[int]) -> Explanation:
        """Of one point."""
        latitude_e7, longitude_e7 = int(points.latitudes_e7[row]), int(points.longitudes_e7[row])
        return self._explainer.explain(latitude_e7, longitude_e7, covering)

    def words(self, explanation: Explanation) -> Iterator[str]:
        """A line for each question to the index, then one for each part it named."""
        for asked in explanation.asked:
            yield f"asked   {asked.what}: {_parts(asked.found_count)}"
        for candidate in explanation.candidates:
            verdict = "covers" if candidate.is_covering else "refused"
            yield f"{verdict:<7} {self._names[candidate.fence_number]}: {_why(candidate)}"

    def object(self, explanation: Explanation) -> dict[str, Any]:
        """The same for machines."""
        return {
            "index": [{"asked": asked.what, "parts": asked.found_count} for asked in explanation.asked],
            "parts": [
                {
                    "fence": self._names[candidate.fence_number],
                    "part": candidate.part,
                    "covers": candidate.is_covering,
                    "test": "none, the cell lies wholly inside" if candidate.needed_no_test else "exact",
                    "edges": candidate.edge_count,
                    "boundary": candidate.boundary,
                    "boundary_distance_m": round(candidate.distance_m, 3),
                }
                for candidate in explanation.candidates
            ],
        }


def _parts(count: int) -> str:
    return "1 part" if count == 1 else f"{count:,} parts"


def _why(candidate: Candidate) -> str:
    shape = f"{candidate.edge_count:,} edges" if candidate.edge_count else "a circle"
    test = (
        "its cell lies wholly inside, no exact test"
        if candidate.needed_no_test
        else f"exact test of part {candidate.part} ({shape})"
    )
    if candidate.boundary:
        return f"{test}; on its {candidate.boundary}, and a boundary belongs to its fence"
    return f"{test}; {candidate.distance_m:,.2f} m from its boundary"


class JsonLines:
    """One object a line: {"id": "p1", "fences": ["f3", "f9"]}, with explanations also "explain"."""

    def __init__(self, names: Sequence[str], explanations: Explanations | None) -> None:
        self._names = names
        self._explanations = explanations
        self._texts: dict[tuple[int, ...], str] = {}

    def lines(self, points: Points, hits: Hits) -> Iterator[str]:
        """As Writer."""
        for row, (identity, covering) in enumerate(zip(points.ids, _covering(hits), strict=True)):
            text = self._texts.get(covering)
            if text is None:
                if len(self._texts) == _KEPT_TEXT_COUNT_MAX:
                    self._texts.clear()
                text = json.dumps([self._names[number] for number in covering], ensure_ascii=False)
                self._texts[covering] = text
            line = f'{{"id": {json.dumps(identity, ensure_ascii=False)}, "fences": {text}'
            if self._explanations is not None:
                told = self._explanations.object(self._explanations.of(points, row, covering))
                line += f', "explain": {json.dumps(told, ensure_ascii=False)}'
            yield line + "}\n"


class Table:
    """A line for each point, under a header; "-" = no fence."""

    def __init__(self, names: Sequence[str], explanations: Explanations | None) -> None:
        self._names = names
        self._explanations = explanations
        self._width = 0

    def lines(self, points: Points, hits: Hits) -> Iterator[str]:
        """As Writer; the first points settle how wide the column of ids is."""
        if not self._width:
            self._width = min(_ID_WIDTH_MAX, max(2, *map(len, points.ids), 2))
            yield f"{'id':<{self._width}}  fences\n"
        for row, (identity, covering) in enumerate(zip(points.ids, _covering(hits), strict=True)):
            fences = ", ".join(self._names[number] for number in covering) or "-"
            yield f"{identity:<{self._width}}  {fences}\n"
            if self._explanations is not None:
                explanation = self._explanations.of(points, row, covering)
                yield from (f"{'':<{self._width}}    {words}\n" for words in self._explanations.words(explanation))


def _covering(hits: Hits) -> Iterator[tuple[int, ...]]:
    """The fence numbers of each point."""
    starts, numbers = hits.starts.tolist(), hits.numbers.tolist()
    for start, end in pairwise(starts):
        yield tuple(numbers[start:end])
