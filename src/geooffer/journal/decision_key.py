"""The secret of a state directory: decision ids are made with it, and retries recognised.

A new one would turn every decision id told so far into one that nobody knows, and count retries twice.
"""

from __future__ import annotations

from pathlib import Path

DECISION_KEY_NAME = "decision.key"
DECISION_KEY_SIZE_BYTES = 32


def fault_of_key(directory: Path, last_lsn: int) -> str | None:
    """Why a directory whose journal ends with commit `last_lsn` has no key; None = all is well. Raises OSError."""
    path = directory / DECISION_KEY_NAME
    if not path.exists():
        return f"{DECISION_KEY_NAME} is missing beside a journal of {last_lsn} commits" if last_lsn else None
    if path.stat().st_size != DECISION_KEY_SIZE_BYTES:
        return f"{DECISION_KEY_NAME} does not hold {DECISION_KEY_SIZE_BYTES} bytes"
    return None
