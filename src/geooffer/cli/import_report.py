"""What `geooffer import` tells: one line per refused or mended row, then `accepted refused repaired`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from geooffer.cli.output import print_json
from geooffer.importers.rows import Import, Refusal, Row

T = TypeVar("T")

NO_FILE = Path()
"""Of rows that stand in no file: what a full feed implies."""


@dataclass(frozen=True, slots=True)
class SourceRow(Generic[T]):
    """A good row and the file it stands in."""

    path: Path
    row: Row[T]


@dataclass(slots=True)
class Report(Generic[T]):
    """The rows of all files of one run: good ones to send, and what was refused so far."""

    kind: str
    good: list[SourceRow[T]] = field(default_factory=list)
    refused: list[tuple[Path, Refusal]] = field(default_factory=list)

    def add_file(self, path: Path, found: Import[T]) -> None:
        """Take over what one file yielded."""
        self.good += [SourceRow(path, row) for row in found.rows]
        self.refused += [(path, refusal) for refusal in found.refusals]

    def refuse(self, problems: dict[int, str], key_of: Callable[[T], tuple[str, ...]] | None = None) -> None:
        """Move good rows (by index) to the refused ones: the server said why. `key_of`: as in Refusal."""
        for index in sorted(problems):
            source = self.good[index]
            key = key_of(source.row.item) if key_of is not None else ()
            self.refused.append((source.path, Refusal(source.row.place, problems[index], key)))
        self.good = [source for index, source in enumerate(self.good) if index not in problems]
        files = {path: index for index, path in enumerate(dict.fromkeys(path for path, _ in self.refused))}
        self.refused.sort(key=lambda refused: (files[refused[0]], _number(refused[1].place)))

    def note(self, notes: dict[int, str]) -> None:
        """Good rows (by index) of which the server kept less, and what it says of that."""
        for index, note in notes.items():
            source = self.good[index]
            both = "; ".join(filter(None, (source.row.repair_note, note)))
            self.good[index] = replace(source, row=replace(source.row, repair_note=both))

    @property
    def repaired(self) -> list[SourceRow[T]]:
        """Accepted rows that were mended."""
        return [source for source in self.good if source.row.repair_note]

    def counts(self) -> dict[str, int]:
        """`accepted` includes `repaired`."""
        return {"accepted": len(self.good), "refused": len(self.refused), "repaired": len(self.repaired)}

    def print(self, *, several_files: bool, as_json: bool, dry_run: bool) -> None:
        """Write the result to stdout."""
        if as_json:
            print_json({"kind": self.kind, "dry_run": dry_run, **self.counts(), "rows": self.row_objects()})
            return
        for path, refusal in self.refused:
            print(f"refused   {place_text(path, refusal.place, several_files)}: {refusal.reason}")
        for source in self.repaired:
            place = place_text(source.path, source.row.place, several_files)
            print(f"repaired  {place}: {source.row.repair_note}")
        print("  ".join(f"{name} {count}" for name, count in self.counts().items()))

    def row_objects(self) -> Sequence[dict[str, Any]]:
        refused = [
            {"status": "refused", "file": _file_text(path), "place": refusal.place, "reason": refusal.reason}
            for path, refusal in self.refused
        ]
        repaired = [
            {
                "status": "repaired",
                "file": _file_text(source.path),
                "place": source.row.place,
                "reason": source.row.repair_note,
            }
            for source in self.repaired
        ]
        return refused + repaired


def _number(place: str) -> int:
    """7 of "line 7" and of "feature 7 (Fluntern)"."""
    return int(place.split()[1])


def place_text(path: Path, place: str, several_files: bool) -> str:
    """A row and, where there are several files, its file."""
    return f"{path} {place}" if several_files and path != NO_FILE else place


def _file_text(path: Path) -> str:
    return "" if path == NO_FILE else str(path)
