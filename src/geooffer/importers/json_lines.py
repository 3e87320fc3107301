"""JSON Lines as a table: one object a line, its names are the columns, its values cells as CSV would have them.

{"customer_id": "c-1", "purposes": ["PUSH_MARKETING"], "granted": true, "event_time": "2026-03-03T09:00:00Z"}
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from geooffer.errors import InvalidArgumentError
from geooffer.importers.files import CsvLine, CsvTable, read_text

_ENDINGS = (".jsonl", ".ndjson")


def is_json_lines(path: Path) -> bool:
    """Whether its name says so, compressed or not."""
    return path.name.lower().removesuffix(".gz").endswith(_ENDINGS)


def read_json_lines(path: Path) -> CsvTable:
    """The table of a JSON Lines file; blank lines are skipped, a name that an object lacks is an empty cell.

    A line that is no object of plain values has no cells but a reason. Raises InvalidArgumentError for an unreadable
    file, or one without any object.
    """
    lines: list[CsvLine] = []
    columns: dict[str, None] = {}
    for number, text in enumerate(read_text(path).splitlines(), start=1):
        if not text.strip():
            continue
        place = f"line {number}"
        try:
            cells = {name: _cell(value) for name, value in json.loads(text, object_pairs_hook=_object).items()}
        except (ValueError, TypeError, AttributeError, RecursionError):
            lines.append(CsvLine(place, None, "no JSON object of texts, numbers, truths and lists of texts"))
            continue
        columns.update(dict.fromkeys(cells))
        lines.append(CsvLine(place, cells))
    if not columns:
        raise InvalidArgumentError(f"{path}: holds no JSON object")
    empty = dict.fromkeys(columns, "")
    whole = (CsvLine(line.place, line.cells and empty | line.cells, line.reason) for line in lines)
    return CsvTable(tuple(columns), tuple(whole))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _cell(value: Any) -> str:
    """Raises TypeError for what is no cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "|".join(value)
    raise TypeError
