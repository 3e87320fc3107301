"""A file that is there whole or not at all: written aside, on disk, then put in the place of what was there."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from geooffer.errors import ConfigurationError


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file by `data`. Raises ConfigurationError naming it; then what was there is there still."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
