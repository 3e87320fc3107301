"""Settings, tokens and certificates: small files that a user names, and may name wrongly."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

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


@contextmanager
def new_private_file(path: Path | None) -> Iterator[TextIO]:
    """A new file for its owner's eyes only; stdout where there is no path. Gone again where the block fails.

    It is there before the block runs, so that nothing is asked for that cannot be kept. New, because what was there
    may be open to others, or be a link to somewhere else. Raises ConfigurationError.
    """
    if path is None:
        yield sys.stdout
        return
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    except FileExistsError:
        raise ConfigurationError(f"{path}: is there already; name a new file") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
    try:
        with file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
