"""Settings, tokens and certificates: small files that a user names, and may name wrongly."""

from __future__ import annotations

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
