"""Cells that several tables share. A line is its cells by column name; values.py has the single values."""

from __future__ import annotations

from collections.abc import Mapping

from geooffer.importers import values
from geooffer.model.catalog import Size
from geooffer.model.verdicts import Purpose

Cells = Mapping[str, str]


def purposes(text: str, column: str) -> int:
    """Purpose names as a mask of Purpose bits; an empty cell is 0."""
    mask = 0
    for part in values.parts(text):
        mask |= Purpose[values.choice(part, column, Purpose.__members__)].bit
    return mask


def optional_id(line: Cells, column: str) -> str:
    """An id, or '' where the cell is empty or the column missing."""
    text = line.get(column, "")
    return values.identifier(text, column) if text else ""


def optional_size(line: Cells) -> Size | None:
    """A size, or None where the cell is empty or the column missing."""
    text = line.get("size", "")
    return values.size(text, "size") if text else None


def size_text(size: Size | None) -> str:
    """A size as its cell, "EU 43"; '' for none."""
    return f"{size.system} {size.value}" if size is not None else ""
