"""Files that hold secrets: whoever else can read one has what it protects, so no key that others can read is used."""

from __future__ import annotations

from pathlib import Path

FILE_RULE = "is open to others; it needs mode 0600"


def is_open_to_others(path: Path) -> bool:
    """Whether anyone but its owner may read, write or run it. Raises OSError where it is not there."""
    return bool(path.stat().st_mode & 0o077)
