"""What an import yields: good rows with their place in the file, and refusals with place and reason.

A bad row never fails its file (as semantics T5 has it for pings); a file that cannot be read as what it
should be raises InvalidArgumentError instead. Reasons name columns, rules and catalog ids, never a
coordinate, a customer id or a search word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from geooffer.errors import InvalidArgumentError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """One good row. `place` is "line 7" or "feature 3 (Fluntern)"; `repair_note` says what was mended, or
    ''.
    """

    place: str
    item: T
    repair_note: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One bad row and why. `key`: its key cells as far as they can be read, in the order of the table's key; ()
    where none can. A full feed does not take what a refused row names for deleted.
    """

    place: str
    reason: str
    key: tuple[str, ...] = ()


@dataclass(slots=True)
class Import(Generic[T]):
    """The outcome of reading one file, both lists in file order."""

    rows: list[Row[T]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def items(self) -> list[T]:
        """The nouns alone."""
        return [row.item for row in self.rows]

    @property
    def repaired_count(self) -> int:
        """How many of the good rows were mended."""
        return sum(1 for row in self.rows if row.repair_note)


class TakenIds:
    """Refuses the second row of one id in all files of a run: keeping the last would hide a slip in them."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}

    def take(self, identity: str, path: Path, place: str, what: str) -> None:
        """Raises InvalidArgumentError naming the place that has this identity already, in whichever file."""
        if identity in self._places:
            raise InvalidArgumentError(f"the same {what} as {self._places[identity]}")
        self._places[identity] = f"{place} of {path}"
