"""Settings, tokens and certificates: small files that a user names, and may name wrongly."""

from __future__ import annotations

import os
from pathlib import Path

from geooffer.errors import ConfigurationError
from geooffer.model import limits


def read_small(path: Path) -> bytes:
    """The whole file. Raises ConfigurationError naming it: missing, a directory, not ours to read, endless."""
    try:
        with path.open("rb") as file:
            data = file.read(limits.SMALL_FILE_SIZE_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    if len(data) > limits.SMALL_FILE_SIZE_MAX_BYTES:
        raise ConfigurationError(f"{path}: more than {limits.SMALL_FILE_SIZE_MAX_BYTES // 2**20} MiB")
    return data


def write_new_private(path: Path, text: str) -> None:
    """A new file for its owner's eyes only: what was there may be open to others, or be a link to somewhere else.

    Raises ConfigurationError.
    """
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
